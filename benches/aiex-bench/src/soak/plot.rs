//! The picture: one strip for each thing, all over the same minutes, each from zero.

use std::fmt::Write as _;

use super::sample::Series;

const WIDTH: f64 = 760.0;
const STRIP: f64 = 78.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 70.0;
const GAP: f64 = 26.0;

/// An SVG that needs nothing else.
pub(super) fn draw(all: &[Series]) -> String {
    let height = all.len() as f64 * (STRIP + GAP) + 40.0;
    let last = all
        .iter()
        .flat_map(|series| series.minutes.last())
        .copied()
        .fold(1.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (number, series) in all.iter().enumerate() {
        let top = 16.0 + number as f64 * (STRIP + GAP);
        strip(&mut svg, series, top, last);
    }
    let bottom = height - 14.0;
    let ticks = 6;
    for tick in 0..=ticks {
        let minute = last * f64::from(tick) / f64::from(ticks);
        let x = LEFT + (WIDTH - LEFT - RIGHT) * f64::from(tick) / f64::from(ticks);
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{bottom}\" text-anchor=\"middle\" fill=\"#666\">{minute:.0} min</text>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn strip(svg: &mut String, series: &Series, top: f64, last: f64) {
    let most = series
        .values
        .iter()
        .copied()
        .fold(0.0, f64::max)
        .max(f64::MIN_POSITIVE);
    let (right, floor) = (WIDTH - RIGHT, top + STRIP);
    let point = |minute: f64, value: f64| {
        let x = LEFT + (right - LEFT) * minute / last;
        let y = floor - STRIP * value / most;
        format!("{x:.1},{y:.1}")
    };
    let points: Vec<String> = series
        .minutes
        .iter()
        .zip(&series.values)
        .map(|(minute, value)| point(*minute, *value))
        .collect();
    let middle = top + STRIP / 2.0 + 4.0;
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{STRIP}\" fill=\"#f6f7f9\"/>\n\
         <text x=\"{}\" y=\"{middle}\" text-anchor=\"end\" fill=\"#222\">{}</text>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#666\">{}</text>\n<text x=\"{}\" y=\"{floor}\" fill=\"#666\">0</text>\n\
         <polyline points=\"{}\" fill=\"none\" stroke=\"#2f6fb2\" stroke-width=\"1.5\"/>",
        right - LEFT,
        LEFT - 10.0,
        series.name,
        right + 6.0,
        top + 10.0,
        shown(most),
        right + 6.0,
        points.join(" ")
    );
}

fn shown(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_begins_at_zero_and_ends_at_the_most() {
        let series = Series {
            name: "threads",
            minutes: vec![0.0, 60.0],
            values: vec![0.0, 8.0],
        };
        let svg = draw(&[series]);
        assert!(svg.contains("points=\"170.0,94.0 690.0,16.0\""), "{svg}");
        assert!(svg.contains(">threads</text>"));
    }
}
