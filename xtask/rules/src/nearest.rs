//! "Did you mean": the known word that a mistyped one is nearest to.

/// The nearest of `known`, where one is near: at most a third of the letters differ.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (distance(word, known), known))
        .filter(|(distance, known)| *distance <= known.chars().count().div_ceil(3))
        .min()
        .map(|(_, known)| known)
}

/// How many letters are to be added, taken away or changed (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_has_a_nearest_word_and_nonsense_has_none() {
        let known = ["no-transaction", "allow"];
        let near = |word| nearest(word, known.into_iter());
        assert_eq!(near("no-transacton"), Some("no-transaction"));
        assert_eq!(near("alow"), Some("allow"));
        assert_eq!(near("zebra"), None);
    }
}
