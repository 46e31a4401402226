//! What compression costs and gives: `compress FOLDER` compresses every file of a folder at several levels, on one processor,
//! and prints the seconds and the hundredths of the bytes that are left.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_default();
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files)?;
    let contents: Vec<Vec<u8>> = files.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let whole: usize = contents.iter().map(Vec::len).sum();
    println!("{} files, {:.1} MB", contents.len(), whole as f64 / 1e6);
    for (name, level) in [("br", 4), ("br", 5), ("br", 7), ("br", 9), ("br", 11), ("gzip", 6), ("gzip", 9)] {
        let start = Instant::now();
        let left: usize = contents.iter().map(|bytes| compressed(name, level, bytes).map_or(0, |out| out.len())).sum();
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{name:4} {level:2}: {seconds:6.2} s, {:5.1} MB/s, {:.1} %",
            whole as f64 / seconds / 1e6,
            100.0 * left as f64 / whole as f64
        );
    }
    Ok(())
}

fn compressed(name: &str, level: u32, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    if name == "gzip" {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(bytes)?;
        return encoder.finish();
    }
    let quality = i32::try_from(level).unwrap_or(11);
    let parameters =
        brotli::enc::BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters)?;
    Ok(out)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false if File::open(&path).is_ok() => files.push(path),
            false => {}
        }
    }
    Ok(())
}
