//! The picture, as SVG that needs nothing else.

use std::fmt::Write as _;

use super::layout::{Area, HEAD, Layout, MARKS, PADDING, ROW};
use super::{Column, Diagram, Reference};

/// Around everything, and below it for the legend.
const MARGIN: f64 = 20.0;
const LEGEND: f64 = 26.0;

const STYLE: &str = "\
text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1f2933 }
.schema { fill: #f4f6f8; stroke: #cbd2d9 }
.schema-name { font: bold 15px system-ui, 'DejaVu Sans', sans-serif; fill: #52606d }
.table rect { fill: #fff; stroke: #7b8794 }
.table .head { fill: #334e68; stroke: #334e68 }
.table .name { font-weight: bold; fill: #fff }
.mark { font-size: 10px; fill: #b44d12; font-weight: bold }
.type { fill: #627d98 }
.reference { fill: none; stroke-width: 1.5; opacity: .75 }
.reference.far { opacity: .4 }
.reference:hover { stroke-width: 4; opacity: 1 }
.legend { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #52606d }";

/// So that lines to different tables can be told apart; all dark enough on white.
const COLOURS: [&str; 8] = [
    "#1f77b4", "#b4530f", "#2a7d2a", "#b3202a", "#7b4fa3", "#6b4a3e", "#b03a86", "#0e7c86",
];

pub(super) fn draw(diagram: &Diagram) -> String {
    let layout = Layout::of(diagram);
    let (width, height) = (
        (layout.size.width + 2.0 * MARGIN).max(560.0),
        layout.size.height + 2.0 * MARGIN + LEGEND,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"{:.0} {:.0} {width:.0} {height:.0}\">\n\
         <style>\n{STYLE}\n</style>\n<rect x=\"{:.0}\" y=\"{:.0}\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        -MARGIN, -MARGIN, -MARGIN, -MARGIN
    );
    for (name, area) in &layout.schemas {
        let _ = writeln!(
            svg,
            "<rect class=\"schema\" {} rx=\"8\"/><text class=\"schema-name\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            placed(*area),
            area.x + PADDING,
            area.y + PADDING,
            escape(name)
        );
    }
    // below the tables, so that no line crosses a name
    for reference in &diagram.references {
        svg.push_str(&line(diagram, reference, &layout));
    }
    for (table, area) in diagram.tables.iter().zip(&layout.tables) {
        let _ = writeln!(
            svg,
            "<g class=\"table\"><rect {} rx=\"4\"/><rect class=\"head\" x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{HEAD:.0}\" rx=\"4\"/>\
             <text class=\"name\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            placed(*area),
            area.x,
            area.y,
            area.width,
            area.x + 10.0,
            area.y + 18.0,
            escape(&table.name)
        );
        for (i, column) in table.columns.iter().enumerate() {
            svg.push_str(&row(column, *area, middle(*area, i) + 4.0));
        }
        svg.push_str("</g>\n");
    }
    let _ = writeln!(
        svg,
        "<text class=\"legend\" x=\"0\" y=\"{:.0}\">PK primary key, FK foreign key, UQ unique, ? may be null; the dot is at the table that is referred to</text>\n</svg>",
        layout.size.height + LEGEND
    );
    svg.trim_end().to_owned()
}

fn placed(area: Area) -> String {
    format!(
        "x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{:.0}\"",
        area.x, area.y, area.width, area.height
    )
}

fn row(column: &Column, area: Area, y: f64) -> String {
    let mark = match (column.primary, column.foreign, column.unique) {
        (true, true, _) => "PK FK",
        (true, false, _) => "PK",
        (false, true, _) => "FK",
        (false, false, true) => "UQ",
        _ => "",
    };
    let mut text = String::new();
    if !mark.is_empty() {
        let _ = write!(
            text,
            "<text class=\"mark\" x=\"{:.0}\" y=\"{y:.0}\">{mark}</text>",
            area.x + 5.0
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"{:.0}\" y=\"{y:.0}\">{}</text><text class=\"type\" text-anchor=\"end\" x=\"{:.0}\" y=\"{y:.0}\">{}{}</text>",
        area.x + MARKS,
        escape(&column.name),
        area.x + area.width - 8.0,
        escape(&column.kind),
        if column.not_null { "" } else { "?" }
    );
    text
}

/// The height of the middle of a column's row.
#[expect(clippy::cast_precision_loss, reason = "no table has so many columns")]
fn middle(area: Area, column: usize) -> f64 {
    area.y + HEAD + ROW * column as f64 + ROW / 2.0 + 2.0
}

/// From the column that refers, by a fork, to the one that is referred to, by a dot.
fn line(diagram: &Diagram, reference: &Reference, layout: &Layout) -> String {
    let (from, to) = (layout.tables[reference.from], layout.tables[reference.to]);
    let (y1, y2) = (middle(from, reference.from_column), middle(to, reference.to_column));
    // the sides that face each other; where the tables stand above one another, both on the right
    let ((x1, way1), (x2, way2)) = if to.x + to.width <= from.x {
        ((from.x, -1.0), (to.x + to.width, 1.0))
    } else if from.x + from.width <= to.x {
        ((from.x + from.width, 1.0), (to.x, -1.0))
    } else {
        ((from.x + from.width, 1.0), (to.x + to.width, 1.0))
    };
    let bend = ((x2 - x1).abs() / 2.0).clamp(30.0, 120.0);
    let colour = COLOURS[reference.to % COLOURS.len()];
    let (a, b) = (&diagram.tables[reference.from], &diagram.tables[reference.to]);
    // what leaves its schema crosses much
    let far = if a.schema == b.schema { "" } else { " far" };
    format!(
        "<g class=\"reference{far}\" stroke=\"{colour}\"><title>{}.{} ({}) refers to {}.{}</title>\
         <path d=\"M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}\"/>\
         <path d=\"M{:.1} {y1:.1}L{x1:.1} {:.1}M{:.1} {y1:.1}L{x1:.1} {:.1}\"/>\
         <circle cx=\"{:.1}\" cy=\"{y2:.1}\" r=\"3.5\" fill=\"{colour}\"/></g>\n",
        escape(&a.schema),
        escape(&a.name),
        escape(&reference.columns),
        escape(&b.schema),
        escape(&b.name),
        x1 + way1 * bend,
        x2 + way2 * bend,
        x1 + way1 * 9.0,
        y1 - 5.0,
        x1 + way1 * 9.0,
        y1 + 5.0,
        x2 + way2 * 3.5
    )
}

fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            // not allowed in XML at all
            c if c.is_control() => "\u{fffd}".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
