//! How the widget looks: one style sheet for each theme, for its own classes alone.
//!
//! CloudWatch styles tables, headings and `btn` itself, and whether the styles of one widget reach another is not
//! documented: every rule here begins with the widget's own class, and every class with `gp-`. The colours stand on the
//! dashboard's background, in each theme with a contrast of at least 4.5 to 1.

use crate::event::Theme;

/// What both themes share.
const SHAPE: &str = "\
.gateprobe{font-size:14px;line-height:1.45;color:var(--gp-text);overflow-wrap:anywhere}\
.gateprobe .gp-head{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px;margin:0 0 6px}\
.gateprobe .gp-head b{font-size:18px}\
.gateprobe .gp-quiet{color:var(--gp-quiet)}\
.gateprobe .gp-notice{border:1px solid var(--gp-critical);border-left-width:6px;border-radius:4px;padding:6px 10px;margin:0 0 8px}\
.gateprobe .gp-card{border:1px solid var(--gp-line);border-left-width:5px;border-radius:4px;padding:8px 12px;margin:8px 0}\
.gateprobe .gp-card div{margin:2px 0}\
.gateprobe .gp-title{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 8px}\
.gateprobe .gp-title b{font-size:15px}\
.gateprobe .gp-word{font-weight:700;font-size:12px;text-transform:uppercase;letter-spacing:.03em}\
.gateprobe .gp-card.gp-critical{border-left-color:var(--gp-critical)}\
.gateprobe .gp-card.gp-warning{border-left-color:var(--gp-warning)}\
.gateprobe .gp-card.gp-info{border-left-color:var(--gp-info)}\
.gateprobe .gp-word.gp-critical,.gateprobe .gp-head .gp-critical{color:var(--gp-critical)}\
.gateprobe .gp-word.gp-warning,.gateprobe .gp-head .gp-warning{color:var(--gp-warning)}\
.gateprobe .gp-word.gp-info{color:var(--gp-info)}\
.gateprobe .gp-head .gp-good{color:var(--gp-good)}\
.gateprobe code{font-family:Monaco,Menlo,Consolas,monospace;font-size:12px;color:inherit;background:none;padding:0;border:0}\
.gateprobe ul{margin:2px 0;padding-left:20px}\
.gateprobe .gp-label{font-weight:700}\
.gateprobe .gp-health{margin:0 0 10px}\
.gateprobe .gp-health div{margin:2px 0}\
.gateprobe .gp-act{margin-top:6px}\
.gateprobe ul.gp-list{list-style:none;padding:0;margin:6px 0}\
.gateprobe .gp-list li{display:flex;flex-wrap:wrap;gap:2px 12px;align-items:baseline;border-top:1px solid var(--gp-line);padding:5px 0;margin:0}\
.gateprobe .gp-short{flex:0 0 9em}\
.gateprobe .gp-long{flex:1 1 14em;min-width:0}\
.gateprobe .btn{white-space:nowrap}";

const LIGHT: &str = "\
.gateprobe.gp-light{--gp-text:#16191f;--gp-quiet:#545b64;--gp-line:#d5dbdb;--gp-critical:#b82e0f;--gp-warning:#8a5300;--gp-info:#0a66b7;--gp-good:#1a7302}";

const DARK: &str = "\
.gateprobe.gp-dark{--gp-text:#e9ebed;--gp-quiet:#aab7b8;--gp-line:#545b64;--gp-critical:#ff9180;--gp-warning:#ffb454;--gp-info:#7cc0ff;--gp-good:#8bd160}";

/// The class that a theme's colours are for, and the whole sheet.
pub(super) fn sheet(theme: Theme) -> (&'static str, String) {
    let (class, colours) = match theme {
        Theme::Light => ("gp-light", LIGHT),
        Theme::Dark => ("gp-dark", DARK),
    };
    (class, format!("{colours}{SHAPE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_word_can_be_read_on_the_dashboards_own_backgrounds() {
        // White and the greys of the old console; the old and the new dark ones.
        for (sheet, backgrounds) in
            [(LIGHT, ["#ffffff", "#fafafa", "#f2f3f3"]), (DARK, ["#16191f", "#2a2e33", "#0f1b2a"])]
        {
            for (name, colour) in sheet
                .split("--gp-")
                .skip(1)
                .map(|pair| pair.split_once(':').unwrap())
                .filter(|(name, _)| *name != "line")
            {
                for background in backgrounds {
                    let found = contrast(&colour[..7], background);
                    assert!(found >= 4.5, "{name} {colour} on {background}: {found:.2}");
                }
            }
        }
    }

    #[test]
    fn no_rule_reaches_beyond_the_widget() {
        for theme in [Theme::Light, Theme::Dark] {
            for rule in sheet(theme).1.split('}').filter(|rule| !rule.is_empty()) {
                let selectors = rule.split_once('{').unwrap().0;
                assert!(selectors.split(',').all(|one| one.starts_with(".gateprobe")), "{selectors}");
            }
        }
    }
}
