//! What a step of the journal costs: `cargo run --release -p flarekeep-tokens --example journal [FOLDER|URL]...`.
//!
//! Beside it, in turns: the same bytes appended to a file and synced, in a folder given (what the disk can do).

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Credential, Owner};
use flarekeep_tokens::{Change, ChangeId, End, Fingerprint, Kind, Known, Postgres, Sqlite, Step, Store, Subject};

const STEPS: usize = 400;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for place in std::env::args().skip(1) {
        let begun = Instant::now();
        let is_folder = !place.starts_with("postgres");
        let journal: Arc<dyn Store> = match is_folder {
            true => Arc::new(Sqlite::open(Path::new(&place)).await?),
            false => Arc::new(Postgres::open(&place).await?),
        };
        println!("{}: opened in {}", journal.place(), shown(begun.elapsed()));
        let subject = Subject { api: "http://127.0.0.1".to_owned(), owner: Owner::User, name: "measured".to_owned() };
        let (mut locks, mut appends, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
        let mut beside = is_folder.then(|| std::fs::File::create(Path::new(&place).join("beside"))).transpose()?;
        for _ in 0..STEPS / 10 {
            let begun = Instant::now();
            let lock = journal.lock(&subject).await?;
            locks.push(begun.elapsed());
            let change = Change {
                id: ChangeId::random(),
                kind: Kind::Rotate,
                subject: subject.clone(),
                manager: Fingerprint::of(&Credential::token(&"t".repeat(40))?),
                replaces: None,
                sinks: vec!["env:.env:KEY".to_owned()],
                declared: None,
                grace: None,
                begun: jiff::Timestamp::now(),
            };
            journal.begin(&change).await?;
            for _ in 0..10 {
                let step = Step::Revoking { id: TokenId::from_u128(7) };
                let begun = Instant::now();
                journal.append(change.id, &step).await?;
                appends.push(begun.elapsed());
                if let Some(file) = &mut beside {
                    let begun = Instant::now();
                    file.write_all(&[b'x'; 100])?;
                    file.sync_data()?;
                    syncs.push(begun.elapsed());
                }
            }
            journal.finish(&change, &Step::Finished { end: End::Done }, Known::Nothing).await?;
            drop(lock);
        }
        println!("  a lock  {}\n  a step  {}", median(locks), median(appends));
        if !syncs.is_empty() {
            println!("  100 bytes appended to a file and synced  {}", median(syncs));
        }
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> String {
    times.sort();
    times.get(times.len() / 2).copied().map(shown).unwrap_or_default()
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
