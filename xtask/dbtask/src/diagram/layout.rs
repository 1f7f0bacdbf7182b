//! Where the tables of a picture stand.
//!
//! In a schema, tables that refer to one another stand together, those that are referred to on the left of those that
//! refer to them. What refers to nothing stands below. Schemas are boxes beside and below one another.

use std::collections::BTreeSet;

use super::{Diagram, Table};

/// The height of a table's head and of a column, in pixels.
pub(super) const HEAD: f64 = 26.0;
pub(super) const ROW: f64 = 18.0;
/// The width of a character of 12 pixels in a monospaced font.
const CHARACTER: f64 = 7.25;
/// Room for the marks of keys, and between a name and its type.
pub(super) const MARKS: f64 = 42.0;
const MARGIN: f64 = 10.0;
/// Between columns of tables, where the lines run, and between tables in one.
const GAP: f64 = 80.0;
const SPACE: f64 = 24.0;
/// Around the tables of a schema, and above them for its name.
pub(super) const PADDING: f64 = 24.0;
pub(super) const TITLE: f64 = 34.0;
/// The least height at which a column of tables is broken.
const LEAST_BREAK: f64 = 700.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Where everything stands.
pub(super) struct Layout {
    pub(super) size: Area,
    /// A place for each table.
    pub(super) tables: Vec<Area>,
    /// Names and places of the schemas.
    pub(super) schemas: Vec<(String, Area)>,
}

/// Some tables that were placed together, from 0, 0 on.
struct Group {
    tables: Vec<(usize, Area)>,
    size: Area,
}

impl Layout {
    pub(super) fn of(diagram: &Diagram) -> Layout {
        let mut tables: Vec<Area> = diagram.tables.iter().map(size).collect();
        let groups: Vec<(String, Group)> = diagram
            .schemas()
            .into_iter()
            .map(|(schema, members)| (schema.to_owned(), place_schema(diagram, &members, &tables)))
            .collect();
        let boxes: Vec<Area> = groups.iter().map(|(_, group)| group.size).collect();
        let (places, size) = shelves(&boxes, PADDING);
        let mut schemas = Vec::new();
        for ((name, group), place) in groups.into_iter().zip(places) {
            for (table, area) in group.tables {
                tables[table] = Area {
                    x: area.x + place.x,
                    y: area.y + place.y,
                    ..area
                };
            }
            schemas.push((name, place));
        }
        Layout { size, tables, schemas }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no table has so many columns")]
fn size(table: &Table) -> Area {
    let wide = |text: &str| text.chars().count() as f64 * CHARACTER;
    let columns = table
        .columns
        .iter()
        .map(|c| MARKS + wide(&c.name) + 3.0 * CHARACTER + wide(&c.kind) + MARGIN);
    let width = columns.fold(wide(&table.name) * 1.1 + 2.0 * MARGIN, f64::max);
    Area {
        width: width.max(120.0).ceil(),
        height: HEAD + ROW * table.columns.len() as f64 + 6.0,
        ..Area::default()
    }
}

/// The tables of one schema, with room for its name.
fn place_schema(diagram: &Diagram, members: &[usize], sizes: &[Area]) -> Group {
    let mut alone: Vec<usize> = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    for component in components(diagram, members) {
        if let [table] = component[..] {
            alone.push(table);
        } else {
            groups.push(place_related(diagram, &component, sizes));
        }
    }
    // the biggest first, as readers look for it
    groups.sort_by(|a, b| (b.size.width * b.size.height).total_cmp(&(a.size.width * a.size.height)));
    if !alone.is_empty() {
        groups.push(stack(&[alone], sizes));
    }
    let boxes: Vec<Area> = groups.iter().map(|group| group.size).collect();
    let (places, size) = shelves(&boxes, GAP / 2.0);
    let tables = groups.into_iter().zip(places).flat_map(|(group, place)| {
        group.tables.into_iter().map(move |(table, area)| {
            let (x, y) = (area.x + place.x + PADDING, area.y + place.y + PADDING + TITLE - 10.0);
            (table, Area { x, y, ..area })
        })
    });
    Group {
        tables: tables.collect(),
        size: Area {
            width: size.width + 2.0 * PADDING,
            height: size.height + 2.0 * PADDING + TITLE - 10.0,
            ..Area::default()
        },
    }
}

/// The tables that hang together by references within the schema.
fn components(diagram: &Diagram, members: &[usize]) -> Vec<Vec<usize>> {
    let mut left: BTreeSet<usize> = members.iter().copied().collect();
    let mut components = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut component = vec![first];
        let mut next = 0;
        while next < component.len() {
            let table = component[next];
            next += 1;
            for reference in &diagram.references {
                for (a, b) in [(reference.from, reference.to), (reference.to, reference.from)] {
                    if a == table && left.remove(&b) {
                        component.push(b);
                    }
                }
            }
        }
        component.sort_unstable();
        components.push(component);
    }
    components
}

/// Tables in ranks: each to the right of all that it refers to, as far as that goes round no circle.
fn place_related(diagram: &Diagram, members: &[usize], sizes: &[Area]) -> Group {
    let mut ranks: Vec<Option<usize>> = vec![None; diagram.tables.len()];
    for &table in members {
        rank(diagram, table, members, &mut ranks, &mut Vec::new());
    }
    let deepest = members.iter().filter_map(|&t| ranks[t]).max().unwrap_or(0);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); deepest + 1];
    for &table in members {
        columns[ranks[table].unwrap_or(0)].push(table);
    }
    // each beside the middle of those that it refers to; and the first ones beside those that refer to them
    let mut heights: Vec<f64> = vec![0.0; diagram.tables.len()];
    for sweep in 0..4 {
        for column in &mut columns {
            if sweep > 0 {
                let middle = |table: usize| neighbours(diagram, table, &heights);
                column.sort_by(|&a, &b| middle(a).total_cmp(&middle(b)));
            }
            let mut y = 0.0;
            for &table in column.iter() {
                heights[table] = y + sizes[table].height / 2.0;
                y += sizes[table].height + SPACE;
            }
        }
    }
    stack(&columns, sizes)
}

fn rank(
    diagram: &Diagram,
    table: usize,
    members: &[usize],
    ranks: &mut [Option<usize>],
    path: &mut Vec<usize>,
) -> usize {
    if let Some(rank) = ranks[table] {
        return rank;
    }
    path.push(table);
    let mut own = 0;
    for reference in diagram.references.iter().filter(|r| r.from == table) {
        if !path.contains(&reference.to) && members.binary_search(&reference.to).is_ok() {
            own = own.max(rank(diagram, reference.to, members, ranks, path) + 1);
        }
    }
    path.pop();
    ranks[table] = Some(own);
    own
}

/// The mean height of what a table refers to and of what refers to it.
fn neighbours(diagram: &Diagram, table: usize, heights: &[f64]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for reference in diagram.references.iter().filter(|r| r.from != r.to) {
        for (a, b) in [(reference.from, reference.to), (reference.to, reference.from)] {
            if a == table {
                sum += heights[b];
                count += 1.0;
            }
        }
    }
    if count > 0.0 { sum / count } else { heights[table] }
}

/// Columns of tables, side by side; one that is too high goes on in the next.
fn stack(columns: &[Vec<usize>], sizes: &[Area]) -> Group {
    let area: f64 = columns
        .iter()
        .flatten()
        .map(|&t| (sizes[t].width + GAP) * (sizes[t].height + SPACE))
        .sum();
    let limit = LEAST_BREAK.max(area.sqrt() * 0.9);
    let mut placed = Group {
        tables: Vec::new(),
        size: Area::default(),
    };
    let mut x = 0.0;
    for column in columns {
        let total: f64 = column.iter().map(|&t| sizes[t].height + SPACE).sum();
        // even parts look better than a full one and a rest
        let part = total / (total / limit).ceil().max(1.0);
        let (mut y, mut width) = (0.0_f64, 0.0_f64);
        for &table in column {
            if y > 0.0 && y + sizes[table].height / 2.0 > part {
                x += width + GAP;
                (y, width) = (0.0, 0.0);
            }
            placed.tables.push((table, Area { x, y, ..sizes[table] }));
            width = width.max(sizes[table].width);
            y += sizes[table].height + SPACE;
            placed.size.height = placed.size.height.max(y - SPACE);
        }
        placed.size.width = x + width;
        x += width + GAP;
    }
    placed
}

/// Boxes beside one another in rows, about as high as wide in all.
fn shelves(boxes: &[Area], gap: f64) -> (Vec<Area>, Area) {
    let area: f64 = boxes.iter().map(|b| (b.width + gap) * (b.height + gap)).sum();
    let widest = boxes.iter().map(|b| b.width).fold(0.0, f64::max);
    let limit = widest.max(area.sqrt() * 1.3);
    let (mut places, mut size) = (Vec::new(), Area::default());
    let (mut x, mut y, mut height) = (0.0_f64, 0.0_f64, 0.0_f64);
    for area in boxes {
        if x > 0.0 && x + area.width > limit {
            (x, y, height) = (0.0, y + height + gap, 0.0);
        }
        places.push(Area { x, y, ..*area });
        height = height.max(area.height);
        size.width = size.width.max(x + area.width);
        size.height = y + height;
        x += area.width + gap;
    }
    (places, size)
}
