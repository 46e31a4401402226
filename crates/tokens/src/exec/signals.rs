//! The signals that are passed on to a command.

use rustix::process::{Pid, Signal, getpgrp};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What asks a process to end, or to do something that it alone knows. SIGKILL and SIGSTOP cannot be caught; SIGTSTP and
/// SIGCONT need not be, since a terminal stops and continues the command by itself.
const PASSED_ON: [Signal; 6] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::USR1, Signal::USR2];

/// Signals that this process gets. From the first one of these on, none of the six ends the process any more.
#[derive(Debug)]
pub struct Signals(mpsc::UnboundedReceiver<Signal>);

impl Signals {
    /// Catches them from now on. A signal that is ignored stays so, for the command as well: `nohup flarekeep exec …`.
    ///
    /// # Errors
    /// When the system takes no handler.
    pub fn catch() -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let ignored = ignored();
        for caught in PASSED_ON.into_iter().filter(|caught| ignored & bit(*caught) == 0) {
            let mut stream = signal(SignalKind::from_raw(caught.as_raw()))?;
            let sender = sender.clone();
            tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(caught).is_ok() {} });
        }
        Ok(Self(receiver))
    }

    /// The next one that is to be passed on. Those that a terminal sends reach its command without us.
    pub(super) async fn next(&mut self) -> Option<Signal> {
        loop {
            let caught = self.0.recv().await?;
            let typed = matches!(caught, Signal::INT | Signal::QUIT) && is_in_foreground();
            if !typed {
                return Some(caught);
            }
        }
    }

    /// The number of the next one, whoever sent it: for work that no command of its own gets them for.
    pub async fn any(&mut self) -> Option<i32> {
        self.0.recv().await.map(Signal::as_raw)
    }

    /// The number of one that came while no command was running to pass it on to.
    pub async fn early(&mut self) -> Option<i32> {
        // Whoever waits for the streams gets a turn.
        tokio::task::yield_now().await;
        let first = self.0.try_recv().ok();
        while self.0.try_recv().is_ok() {}
        first.map(Signal::as_raw)
    }
}

/// Whether this process belongs to those that its terminal sends its keys' signals to. Who sent a signal cannot be told
/// otherwise without unsafe code: one that somebody sends by hand to a process in the foreground is taken for the
/// terminal's.
fn is_in_foreground() -> bool {
    let foreground = std::fs::File::open("/dev/tty").ok().and_then(|tty| rustix::termios::tcgetpgrp(tty).ok());
    foreground == Some(getpgrp())
}

/// Sends a signal to a process that was started here and is not waited for yet.
pub(super) fn send(process: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // One that ended a moment ago is no fault.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// The signals that this process was started with as ignored, a bit each; none where the system does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn bit(signal: Signal) -> u64 {
    1 << (signal.as_raw() - 1)
}
