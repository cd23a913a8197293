//! One decoder, the one that `DECODER` names: a single program is built once for all of them.
#![no_main]

use std::sync::LazyLock;

static DECODER: LazyLock<String> =
    LazyLock::new(|| std::env::var("DECODER").expect("DECODER names one of the decoders"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| faltkarta_decoders::feed(&DECODER, bytes));
