//! Figures, printed on demand: `cargo test --release --lib remember::tests::figures -- --ignored --nocapture`.

use std::io::Write;
use std::time::Instant;

use super::*;

#[test]
#[ignore = "prints times; it proves nothing"]
fn deciding_on_twenty_thousand_sights() {
    for (name, cells) in [("all good", ["."; 4]), ("all failing", ["!"; 4]), ("mixed", ["!", ".", "!m", "!b"])] {
        let mut past = Past::new();
        let subjects: Vec<SubjectId> =
            (0..20_000u32).map(|at| subject(&format!("s{}:/v1/{}", at / 2000, path(at)))).collect();
        let cells: Vec<&str> = (0..20_000).map(|at| cells[at % 4]).collect();
        for run in 1..=4 {
            past.run(&subjects, &cells, "");
            let seen = Seen { run: format!("again-{run}"), started_at: past.now, ..past.seen.clone() };
            let ledger = past.ledger.clone();
            let began = Instant::now();
            let decision = decide(ledger, &seen, &past.alerts, past.now + 1);
            let took = began.elapsed();
            let json = serde_json::to_vec(&decision.ledger).unwrap();
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packed.write_all(&json).unwrap();
            let packed = packed.finish().unwrap().len();
            println!("{name}, run {run}: {took:?}; ledger {} B, packed {packed} B", json.len());
        }
    }
}

/// A path that packs no better than real ones do.
fn path(at: u32) -> String {
    let words = ["orders", "customers", "invoices", "search", "admin", "users", "reports", "{id}", "items", "status"];
    let mixed = at.wrapping_mul(2_654_435_761);
    let word = |shift: u32| words[(mixed >> shift) as usize % words.len()];
    format!("{}/{}/{}/{:x}", word(3), word(11), word(19), mixed >> 12)
}
