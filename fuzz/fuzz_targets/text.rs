#![no_main]

use agentc_compiler::source::NoFiles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agentc_fuzz::text(bytes, &NoFiles));
