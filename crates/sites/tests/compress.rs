//! Compressed variants: they are what they should be, follow their blobs, and are made once.

mod support;

use std::io::Read;

use flarekeep_sites::manifest::{Compress, Manifest};
use flarekeep_sites::{Digest, Sweeping, Wishes, sweep, switch};
use support::{Memory, MemoryEdge, deployed, folder, release, silent, slug, wishes};

const BOTH: Compress = Compress { brotli: true, gzip: true };

fn compressing(number: u64, compress: Compress) -> Wishes {
    let mut wishes = wishes(number);
    wishes.settings.compress = compress;
    wishes
}

/// A page that shrinks, a copy of it, one too short, one that is random, and one of a type that has been compressed before.
fn site(text: &str) -> tempfile::TempDir {
    let long = text.repeat(400);
    let folder = folder(&[("index.html", &long), ("copy.html", &long), ("short.html", "<p>"), ("a.png", &long)]);
    let mut state = 7_u64;
    let random = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    std::fs::write(folder.path().join("random.txt"), random.take(4_000).collect::<Vec<u8>>()).unwrap();
    folder
}

fn variants(memory: &Memory) -> Vec<String> {
    let keys = memory.keys().into_iter().filter(|key| key.contains("/blobs/") && key.contains('.'));
    keys.map(|key| key.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_shrinks_has_variants() {
    let (memory, edge) = (Memory::default(), MemoryEdge::default());
    let folder = site("<p>hello, you there</p>\n");
    let done = deployed(&memory.store(), &edge, folder.path(), &compressing(1, BOTH)).await.unwrap();
    let long = std::fs::read(folder.path().join("index.html")).unwrap();
    let digest = Digest::of(&long);
    assert_eq!(variants(&memory), [format!("{digest}.br"), format!("{digest}.gz")]);
    assert_eq!((done.files, done.uploaded), (5, 3 + 2));
    let blob = |ending: &str| memory.bytes(&format!("sites/acme/blobs/{digest}{ending}")).unwrap();
    let (mut brotli, mut gzip) = (Vec::new(), Vec::new());
    brotli::Decompressor::new(&*blob(".br"), 4096).read_to_end(&mut brotli).unwrap();
    flate2::read::GzDecoder::new(&*blob(".gz")).read_to_end(&mut gzip).unwrap();
    assert!(brotli == long && gzip == long);
    let manifest = memory.bytes(&format!("sites/acme/releases/{}.bin", release(1))).unwrap();
    let known = Manifest::known(&manifest).unwrap();
    let flagged: Vec<_> = known.iter().filter(|(_, variants)| variants.brotli || variants.gzip).collect();
    assert_eq!(flagged.len(), 1);
    assert!(*flagged[0].0 == digest && flagged[0].1.brotli && flagged[0].1.gzip);

    // One form alone is another site; nothing of it is made again.
    let one = Compress { brotli: true, gzip: false };
    let again = deployed(&memory.store(), &edge, folder.path(), &compressing(2, one)).await.unwrap();
    assert_eq!((again.unchanged, again.uploaded), (false, 0));
    let same = deployed(&memory.store(), &edge, folder.path(), &compressing(3, one)).await.unwrap();
    assert!(same.unchanged);

    // They go with their blob.
    deployed(&memory.store(), &edge, site("other").path(), &compressing(4, BOTH)).await.unwrap();
    let all = Sweeping { keep: 1, hours: -1, dry_run: false };
    let swept = sweep(&memory.store(), &slug(), all, &silent()).await.unwrap();
    assert_eq!((swept.releases.len(), swept.blobs), (2, 3));
    assert_eq!(variants(&memory).len(), 2);
    assert!(!variants(&memory).iter().any(|name| name.starts_with(&digest.to_string())));
}

#[tokio::test]
async fn a_deploy_with_variants_dies_at_every_request() {
    let (old, new) = (site("old"), site("new"));
    for stop in 0..30 {
        for acts in [false, true] {
            let (memory, edge) = (Memory::default(), MemoryEdge::default());
            deployed(&memory.store(), &edge, old.path(), &compressing(1, BOTH)).await.unwrap();
            memory.stop_after(stop, acts);
            let _ = deployed(&memory.store(), &edge, new.path(), &compressing(2, BOTH)).await;
            memory.go_on();
            // The bucket looks at every turn whether all is there.
            let _ = switch(&memory.store(), &edge, &slug(), Some(&release(2)), "now").await;
            let done = deployed(&memory.store(), &edge, new.path(), &compressing(3, BOTH)).await.unwrap();
            assert!(done.live);
            assert_eq!(variants(&memory).len(), 4);
        }
    }
}
