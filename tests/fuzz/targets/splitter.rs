#![no_main]

#[path = "../../properties.rs"]
#[allow(dead_code, reason = "the other targets' are in it, too")]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // too few bytes are no finding
    let _ = properties::splitter(&mut arbtest::arbitrary::Unstructured::new(data));
});
