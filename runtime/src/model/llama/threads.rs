//! What the machine offers: cores worth computing on.
//!
//! Two hyper-threads of one core only get in each other's way in matrix code, so physical cores are counted.
//! If the system does not report them, its own count of usable processors is taken.

use std::collections::BTreeSet;
use std::fs;

/// One thread for each physical core that this process may use.
pub(super) fn default_threads() -> i32 {
    let usable = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = physical_cores().map_or(usable, |cores| cores.min(usable));
    i32::try_from(threads).unwrap_or(i32::MAX)
}

/// Sets of sibling threads, counted (Linux).
fn physical_cores() -> Option<usize> {
    let mut cores = BTreeSet::new();
    for entry in fs::read_dir("/sys/devices/system/cpu").ok()?.flatten() {
        if let Ok(siblings) = fs::read_to_string(entry.path().join("topology/thread_siblings_list")) {
            cores.insert(siblings);
        }
    }
    (!cores.is_empty()).then_some(cores.len())
}
