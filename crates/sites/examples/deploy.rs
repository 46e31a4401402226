//! A deploy for measurements: `deploy URL FOLDER [JOBS]` does what `flarekeep site deploy` does, and prints the seconds, the
//! blobs and the requests.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flarekeep_sites::files::{hash, walk};
use flarekeep_sites::manifest::Settings;
use flarekeep_sites::s3::{BoxFuture, HttpWire, Keys, Store};
use flarekeep_sites::{Edge, Listener, Platform, Release, Wishes, deploy};

struct NoEdge;

impl Edge for NoEdge {
    fn write<'a>(&'a self, _: &'a Platform, _: &'a str, _: Vec<u8>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(&'a self, _: &'a Platform, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (url, folder) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let jobs: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(64);
    let start = Instant::now();
    let tree = walk(Path::new(&folder))?;
    let walked = start.elapsed();
    let contents = hash(&tree, &|_| {})?;
    let hashed = start.elapsed();
    let keys = Keys { id: "bench".to_owned(), secret: "bench".into(), session: None };
    let wire = HttpWire::new(&url, jobs, Duration::from_secs(30)).map_err(|lost| lost.detail)?;
    let store = Store::new(&url, "sites", keys, wire);
    let now = jiff::Timestamp::now();
    let wishes = Wishes {
        release: Release::new(u64::try_from(now.as_millisecond())?, std::process::id()),
        now: now.to_string(),
        message: None,
        preview: false,
        settings: Settings::default(),
        jobs,
        tool: "bench".to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let silent: Listener = Arc::new(|_| {});
    let tenant = "bench".parse()?;
    let done = runtime.block_on(deploy(&store, &NoEdge, &tenant, &tree, &contents, &wishes, &silent))?;
    println!(
        "{:.3} walked {:.3} hashed {:.3} blobs {} requests {}",
        start.elapsed().as_secs_f64(),
        walked.as_secs_f64(),
        hashed.as_secs_f64(),
        done.uploaded,
        store.requests()
    );
    Ok(())
}
