//! A process that others of its user cannot look into.

/// Keeps this process's memory, environment and open files from the user's other processes, those that it starts among them
/// (`/proc/PID/mem`, `/proc/PID/environ`, ptrace, core dumps): what it holds for a command is not to be read past it. Whoever is
/// root can read them still. Where the system has no such thing, as outside of Linux, nothing changes.
pub fn close_to_others() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A refusal leaves it as it was, which is what every other program has.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_closed_process_is_no_longer_to_be_dumped() {
        super::close_to_others();
        let now = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(now, rustix::process::DumpableBehavior::NotDumpable);
    }
}
