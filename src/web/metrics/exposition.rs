//! The text format of Prometheus. Families and samples stand in the order they are written in, so that the same state
//! always gives the same page.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// What the samples of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows, from the start of the process on.
    Counter,
    /// Counts by size.
    Histogram,
}

/// A page being written.
#[derive(Debug, Default)]
pub struct Page(String);

/// A family of samples being written.
#[derive(Debug)]
pub struct Family<'a> {
    page: &'a mut String,
    name: &'static str,
}

impl Page {
    /// Begins a family; its head stands there even where no sample follows.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) -> Family<'_> {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { page: &mut self.0, name }
    }

    /// The page.
    pub fn text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// Adds a sample.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.line("", labels, None, value);
        self
    }

    /// Adds a histogram: requests by the bound (in milliseconds) that they stayed within, all of them, and their time.
    pub fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        buckets: impl Iterator<Item = (u64, u64)>,
        count: u64,
        sum: Duration,
    ) -> &mut Self {
        let mut within = 0;
        for (bound, more) in buckets {
            within += more;
            self.line("_bucket", labels, Some(&millis(i64::try_from(bound).unwrap_or(i64::MAX))), within);
        }
        self.line("_bucket", labels, Some("+Inf"), count);
        self.line("_sum", labels, None, seconds(sum));
        self.line("_count", labels, None, count);
        self
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Option<&str>, value: impl Display) {
        let _ = write!(self.page, "{}{suffix}", self.name);
        let bound = bound.map(|bound| ("le", bound));
        for (at, (name, value)) in labels.iter().copied().chain(bound).enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _ = write!(self.page, "{open}{name}=\"{}\"", escaped(value));
        }
        let close = if labels.is_empty() && bound.is_none() { "" } else { "}" };
        let _ = writeln!(self.page, "{close} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Milliseconds as seconds, exactly.
pub fn millis(ms: i64) -> String {
    let (sign, ms) = if ms < 0 { ("-", ms.unsigned_abs()) } else { ("", ms.unsigned_abs()) };
    let text = format!("{sign}{}.{:03}", ms / 1000, ms % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A duration as seconds.
pub fn seconds(time: Duration) -> String {
    millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "Counts.").sample(&[("kind", "x\"\\\n"), ("b", "")], 3).sample(&[], 4);
        page.family("b_seconds", Kind::Histogram, "Times.").histogram(
            &[("peer", "pixi")],
            [(50, 1), (2_500, 2)].into_iter(),
            4,
            Duration::from_millis(65_040),
        );
        page.family("c", Kind::Gauge, "Nothing yet.");
        let expected = "# HELP a_total Counts.\n# TYPE a_total counter\na_total{kind=\"x\\\"\\\\\\n\",b=\"\"} 3\na_total 4\n\
                        # HELP b_seconds Times.\n# TYPE b_seconds histogram\n\
                        b_seconds_bucket{peer=\"pixi\",le=\"0.05\"} 1\nb_seconds_bucket{peer=\"pixi\",le=\"2.5\"} 3\n\
                        b_seconds_bucket{peer=\"pixi\",le=\"+Inf\"} 4\nb_seconds_sum{peer=\"pixi\"} 65.04\n\
                        b_seconds_count{peer=\"pixi\"} 4\n# HELP c Nothing yet.\n# TYPE c gauge\n";
        assert_eq!(page.text(), expected);
    }

    #[test]
    fn seconds_are_exact() {
        let shown: Vec<String> = [0, 5, 1_000, 1_500, 120_000, -20].into_iter().map(millis).collect();
        assert_eq!(shown, ["0", "0.005", "1", "1.5", "120", "-0.02"]);
    }
}
