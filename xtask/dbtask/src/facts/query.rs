//! The catalog queries, fitted to a server and a role.

/// The parts of the one query that reads the facts.
const PARTS: [&str; 10] = [
    include_str!("sql/schemas.sql"),
    include_str!("sql/relations.sql"),
    include_str!("sql/columns.sql"),
    include_str!("sql/constraints.sql"),
    include_str!("sql/routines.sql"),
    include_str!("sql/types.sql"),
    include_str!("sql/operators.sql"),
    include_str!("sql/outside.sql"),
    include_str!("sql/comments.sql"),
    include_str!("sql/privileges.sql"),
];

/// What several parts say alike, as `NAME(argument, …)`.
const PHRASES: [(&str, &str); 3] = [
    // what is granted, by role; a grantor is named where it is not the owner
    (
        "GRANTS",
        "(SELECT jsonb_object_agg(role, privileges) FROM (SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END AS role, \
         jsonb_agg(a.privilege_type || CASE WHEN a.is_grantable THEN ' with grant option' ELSE '' END \
         || CASE WHEN a.grantor <> $2 THEN ' by ' || pg_get_userbyid(a.grantor) ELSE '' END \
         ORDER BY a.privilege_type COLLATE \"C\", a.is_grantable, pg_get_userbyid(a.grantor)) AS privileges FROM aclexplode($1) a GROUP BY 1) z)",
    ),
    // the options of something foreign; what may be a secret leaves the server as a digest alone
    (
        "SECRET",
        "(SELECT jsonb_object_agg(CASE WHEN secret THEN 'secret_' ELSE '' END || name, CASE WHEN secret THEN encode(sha256(convert_to(o, 'UTF8')), 'hex') \
         ELSE substr(o, strpos(o, '=') + 1) END) FROM (SELECT o, split_part(o, '=', 1) AS name, split_part(o, '=', 1) ~* '(pass|secret|token|key|cred|auth)' AS secret \
         FROM unnest($1) o) z)",
    ),
    // the operators and functions that hang on an operator class or family
    (
        "MEMBERS",
        "(SELECT jsonb_agg(m ORDER BY m COLLATE \"C\") FROM (\
         SELECT format('operator %s %s%s', amopstrategy, amopopr::regoperator, (SELECT format(' for order by %s.%I', opfnamespace::regnamespace, opfname) \
         FROM pg_opfamily s WHERE s.oid = amopsortfamily)) FROM pg_depend d JOIN pg_amop a ON a.oid = d.objid \
         WHERE d.classid = 'pg_amop'::regclass AND d.refclassid = $1::regclass AND d.refobjid = $2 \
         UNION ALL SELECT format('function %s (%s, %s) %s', amprocnum, amproclefttype::regtype, amprocrighttype::regtype, amproc::oid::regprocedure) \
         FROM pg_depend d JOIN pg_amproc a ON a.oid = d.objid \
         WHERE d.classid = 'pg_amproc'::regclass AND d.refclassid = $1::regclass AND d.refobjid = $2) z(m))",
    ),
];

/// Who is asked, and about what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// `server_version_num`: 150018.
    pub(super) version: i32,
    /// Whether the role may read everything.
    pub(super) superuser: bool,
    /// Leave out the schema history, the journal and the schema `dbtask`.
    pub(super) users_alone: bool,
}

impl Fit {
    /// What the query for the facts is prepared as.
    pub(super) fn name(self) -> String {
        let whose = if self.users_alone { "users" } else { "all" };
        let whom = if self.superuser { "superuser" } else { "role" };
        format!("dbtask_facts_{whose}_for_{whom}")
    }

    /// The query for the facts.
    pub(super) fn facts(self) -> String {
        let parts: Vec<String> = PARTS.iter().map(|part| self.gate(part)).collect();
        phrases(&format!(
            "{}{}{}",
            self.gate(include_str!("sql/common.sql")),
            parts.join("\nUNION ALL\n"),
            self.gate(include_str!("sql/end.sql"))
        ))
    }

    /// The text without the lines that are for others.
    fn gate(self, sql: &str) -> String {
        sql.lines()
            .filter(|line| match line.rsplit_once("--@ ") {
                Some((_, gate)) => self.passes(gate),
                None => true,
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn passes(self, gate: &str) -> bool {
        let number = |text: &str| text.trim().parse::<i32>().ok();
        match gate.split_at_checked(2) {
            Some((">=", least)) => number(least).is_none_or(|least| self.version >= least),
            Some(("< ", below)) => number(below).is_none_or(|below| self.version < below),
            _ if gate == "superuser" => self.superuser,
            _ if gate == "users" => self.users_alone,
            _ => true,
        }
    }
}

/// The query for the edges.
pub(super) const DEPENDENCIES: &str = include_str!("sql/dependencies.sql");

/// Writes each phrase out.
fn phrases(sql: &str) -> String {
    PHRASES.iter().fold(sql.to_owned(), |mut text, (name, meaning)| {
        let call = format!("{name}(");
        while let Some(start) = text.find(&call) {
            let (arguments, end) = arguments(&text, start + call.len());
            let written = arguments
                .iter()
                .enumerate()
                .fold((*meaning).to_owned(), |sql, (n, argument)| {
                    sql.replace(&format!("${}", n + 1), argument)
                });
            text.replace_range(start..end, &written);
        }
        text
    })
}

/// The arguments that begin at `start`, and where the text goes on behind them.
fn arguments(text: &str, start: usize) -> (Vec<String>, usize) {
    let (mut depth, mut arguments) = (0_usize, vec![String::new()]);
    for (i, c) in text[start..].char_indices() {
        match c {
            ')' if depth == 0 => {
                let arguments = arguments.iter().map(|a| a.trim().to_owned()).collect();
                return (arguments, start + i + 1);
            }
            ',' if depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if let Some(last) = arguments.last_mut() {
            last.push(c);
        }
    }
    (arguments, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(version: i32) -> Fit {
        Fit {
            version,
            superuser: false,
            users_alone: true,
        }
    }

    #[test]
    fn lines_of_other_servers_and_roles_go() {
        let sql = "a\nb --@ >= 150000\nc --@ < 150000\nd --@ superuser\ne --@ users";
        assert_eq!(fit(140_000).gate(sql), "a\nc --@ < 150000\ne --@ users");
        assert_eq!(fit(180_004).gate(sql), "a\nb --@ >= 150000\ne --@ users");
    }

    #[test]
    fn every_gate_is_understood_and_every_phrase_written_out() {
        for part in PARTS {
            for gate in part
                .lines()
                .filter_map(|line| line.rsplit_once("--@ "))
                .map(|(_, gate)| gate)
            {
                assert!(
                    matches!(gate, "superuser" | "users") || gate[3..].parse::<i32>().is_ok(),
                    "{gate:?}"
                );
            }
        }
        let sql = fit(150_000).facts();
        for (name, _) in PHRASES {
            assert!(!sql.contains(&format!("{name}(")), "{name}");
        }
        assert_eq!(phrases("x SECRET(f(a, b)) y").matches("unnest(f(a, b))").count(), 1);
    }
}
