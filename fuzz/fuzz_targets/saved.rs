#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| { let _ = gateprobe::probe::read_saved(data); });
