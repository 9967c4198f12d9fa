//! Numbers within bounds: exact decimals with nine places, which hold every bound that people write.

use serde_json::{Number, Value};

/// One, in units.
pub(super) const ONE: i128 = 1_000_000_000;
const PLACES: i32 = 9;
/// Beyond it a sum of two might overflow.
const LARGEST: i128 = i128::MAX / 8;

/// A JSON number in units; `None` for one that has more places or is larger than any that is made up.
pub(super) fn units(number: &Number) -> Option<i128> {
    let text = number.to_string();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    if digits == 0 {
        return Some(0);
    }
    let places = i32::try_from(fraction.len()).ok()?;
    let shift = PLACES.checked_add(exponent)?.checked_sub(places)?;
    let scaled = digits.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?;
    (scaled.abs() <= LARGEST).then_some(scaled)
}

/// Units as a JSON number.
pub(super) fn value(units: i128) -> Option<Value> {
    if units % ONE == 0 {
        let whole = units / ONE;
        return i64::try_from(whole).map(Value::from).or_else(|_| u64::try_from(whole).map(Value::from)).ok();
    }
    let sign = if units < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:09}", (units / ONE).abs(), (units % ONE).abs());
    serde_json::from_str(text.trim_end_matches('0')).ok()
}

/// The numbers from `low` to `high`, both in units and inclusive, that are multiples of every one of `steps`: the plainest
/// first, at most `wanted`.
pub(super) fn within(low: Option<i128>, high: Option<i128>, steps: &[i128], wanted: usize) -> Vec<i128> {
    let Some(step) = steps.iter().try_fold(1_i128, |all, step| lcm(all, *step)) else { return Vec::new() };
    let up = |from: i128| from.div_euclid(step).checked_add(i128::from(from.rem_euclid(step) != 0))?.checked_mul(step);
    let fits = |number: i128| low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high);
    let middle = || Some(low?.checked_add(high?)? / 2);
    // Whole numbers before others, one before all: it is the likeliest id.
    let whole = |from: i128| from.div_euclid(ONE).checked_add(i128::from(from.rem_euclid(ONE) != 0))?.checked_mul(ONE);
    let whole_below = |from: i128| from.div_euclid(ONE).checked_mul(ONE);
    let starts = [
        Some(ONE),
        low.and_then(whole),
        high.and_then(whole_below),
        middle(),
        low,
        high.and_then(|high| high.div_euclid(step).checked_mul(step)),
        Some(0),
    ];
    let stride = lcm(step, ONE).filter(|stride| *stride <= LARGEST).unwrap_or(step);
    let mut found = Vec::new();
    for start in starts.into_iter().flatten().filter_map(up) {
        for stride in [stride, -stride, step, -step] {
            let mut at = start;
            for _ in 0..=wanted {
                if !fits(at) || at.abs() > LARGEST {
                    break;
                }
                if !found.contains(&at) {
                    found.push(at);
                }
                if found.len() >= wanted {
                    return found;
                }
                at += stride;
            }
        }
    }
    found
}

/// The least common multiple of two steps; `None` where it is too large, or one of them is no step.
fn lcm(one: i128, other: i128) -> Option<i128> {
    if one <= 0 || other <= 0 {
        return None;
    }
    let (mut a, mut b) = (one, other);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (one / a).checked_mul(other).filter(|all| *all <= LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(low: Option<&str>, high: Option<&str>, steps: &[&str]) -> Option<String> {
        let read = |text: &&str| units(&serde_json::from_str(text).unwrap()).unwrap();
        let steps: Vec<i128> = steps.iter().map(read).collect();
        within(low.as_ref().map(read), high.as_ref().map(read), &steps, 1)
            .first()
            .map(|number| value(*number).unwrap().to_string())
    }

    #[test]
    fn the_plainest_number_that_fits() {
        let cases = [
            (None, None, vec!["1"], Some("1")),
            (Some("5"), None, vec!["1"], Some("5")),
            (None, Some("-3"), vec!["1"], Some("-3")),
            (Some("0.2"), Some("0.4"), vec![], Some("0.3")),
            (Some("0.2"), Some("0.4"), vec!["1"], None),
            (Some("2.5"), None, vec!["0.1"], Some("3")),
            (Some("10"), Some("20"), vec!["1", "7"], Some("14")),
            (Some("1"), Some("2"), vec!["0.3"], Some("1.2")),
            (Some("9007199254740993"), Some("9007199254740993"), vec!["1"], Some("9007199254740993")),
            (Some("0.000000001"), Some("0.000000001"), vec![], Some("1e-9")),
            (Some("3"), Some("2"), vec![], None),
            (Some("1e3"), None, vec!["1"], Some("1000")),
        ];
        for (low, high, steps, expected) in cases {
            assert_eq!(first(low, high, &steps).as_deref(), expected, "{low:?} {high:?} {steps:?}");
        }
    }

    #[test]
    fn what_is_too_fine_or_too_large_is_none() {
        for text in ["1e-10", "1e30", "1e400000000"] {
            if let Ok(number) = serde_json::from_str(text) {
                assert_eq!(units(&number), None, "{text}");
            }
        }
        assert_eq!(lcm(0, 1), None);
    }
}
