//! How fast an HTTP archive is read, and in how much memory: `cargo run --release -p flarekeep-planner --example har_speed [MB]`.

use std::io::Read;
use std::time::Instant;

use flarekeep_planner::source::calls::Failed;
use flarekeep_planner::source::har;

/// An archive that is made as it is read, so that none of it lies in memory or on a disk.
struct Archive {
    entry: String,
    left: usize,
    part: std::io::Cursor<Vec<u8>>,
    ended: bool,
}

impl Read for Archive {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.part.read(out)?;
            if read > 0 || self.ended {
                return Ok(read);
            }
            self.ended = self.left == 0;
            let next = match self.left {
                0 => "]}}".to_owned(),
                1 => self.entry.replace("$N", "1"),
                left => self.entry.replace("$N", &left.to_string()) + ",\n",
            };
            self.left = self.left.saturating_sub(1);
            self.part = std::io::Cursor::new(next.into_bytes());
        }
    }
}

fn main() {
    let megabytes: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    let header = r#"{ "name": "content-security-policy", "value": "default-src 'self'; script-src 'self'" }"#;
    let headers = vec![header; 14].join(",\n        ");
    let record = r#"{\"id\":\"372e67954025e0ba6aaa6d586b9e0b59\",\"name\":\"www.example.com\",\"type\":\"A\"}"#;
    let answer = vec![record; 40].join(",");
    let entry = format!(
        r#"{{
      "startedDateTime": "2026-11-22T10:00:00.000Z",
      "request": {{
        "method": "GET",
        "url": "https://api.cloudflare.com/client/v4/zones/9a7806061c88ada191ed06f989cc3dac/dns_records/$N",
        "headers": [{headers}],
        "cookies": []
      }},
      "response": {{ "status": 200, "headers": [{headers}], "content": {{ "size": 4000, "text": "{{\"result\":[{answer}]}}" }} }},
      "timings": {{ "send": 0.5, "wait": 10.25, "receive": 1 }}
    }}"#
    );
    let left = (megabytes * 1_000_000).div_ceil(entry.len());
    let bytes = left * entry.len();
    let start = std::io::Cursor::new(b"{ \"log\": { \"entries\": [".to_vec());
    let begun = Instant::now();
    let reading = har::read("made.har", Archive { entry, left, part: start, ended: false }, Failed::Include);
    let seconds = begun.elapsed().as_secs_f64();
    let needs = reading.map(|reading| reading.needs.len()).unwrap_or_default();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!(
        "{left} entries, {} MB: {seconds:.2} s, {:.0} MB/s; {needs} needs; {peak}",
        bytes / 1_000_000,
        bytes as f64 / 1e6 / seconds
    );
}
