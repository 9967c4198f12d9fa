//! Where the wrong part of a request stands, for those who draw it.

use std::ops::Range;

use crate::diagnose::Diagnosis;

/// The bytes of the request's URL that a caret goes under. An empty place, as that of a missing stage, is shown by the
/// character that stands there; at the very end that is the last one. `None` where no part is wrong, or where the place
/// is none of this URL.
pub(super) fn wrong_part(diagnosis: &Diagnosis) -> Option<Range<usize>> {
    let (url, at) = (&diagnosis.request.url, diagnosis.at.clone()?);
    url.get(at.clone())?;
    if !at.is_empty() {
        return Some(at);
    }
    let start = if at.start == url.len() { url.char_indices().next_back()?.0 } else { at.start };
    let wide = url.get(start..)?.chars().next()?.len_utf8();
    Some(start..start + wide)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::finding;
    use super::*;
    use crate::diagnose::Cause;

    #[test]
    fn a_caret_has_always_a_character_above_it() {
        for (url, at, expected) in [
            ("https://h/ordres", Some(10..16), Some("ordres")),
            ("https://h/ordres", Some(10..10), Some("o")),
            ("https://h/ordres", Some(16..16), Some("s")),
            ("https://h/é", Some(12..12), Some("é")),
            ("https://h/é", Some(10..11), None),
            ("https://h/ordres", Some(10..99), None),
            ("https://h/ordres", None, None),
            ("", Some(0..0), None),
        ] {
            let mut diagnosis = finding(Cause::PathUnknown, "GET", url).diagnosis;
            diagnosis.at.clone_from(&at);
            assert_eq!(wrong_part(&diagnosis).and_then(|at| url.get(at)), expected, "{url} {at:?}");
        }
    }
}
