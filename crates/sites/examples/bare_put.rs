//! The limit for measurements: `bare_put URL FOLDER CONNECTIONS` sends every file of a flat folder by PUT over keep-alive
//! connections, and does nothing else: no hash, no signature, no manifest. It prints the seconds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (url, folder) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let connections: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(64);
    let host = url.trim_start_matches("http://").to_owned();
    let start = Instant::now();
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| send(&host, &files, &next).expect("the sink answers"));
        }
    });
    println!("{:.3}", start.elapsed().as_secs_f64());
    Ok(())
}

fn send(host: &str, files: &[PathBuf], next: &AtomicUsize) -> std::io::Result<()> {
    let mut writer = TcpStream::connect(host)?;
    writer.set_nodelay(true)?;
    let mut reader = BufReader::new(writer.try_clone()?);
    let (mut line, mut whole) = (String::new(), Vec::new());
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        whole.clear();
        write!(whole, "PUT /sites/{name} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {size}\r\n\r\n")?;
        file.read_to_end(&mut whole)?;
        writer.write_all(&whole)?;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
        }
    }
    Ok(())
}
