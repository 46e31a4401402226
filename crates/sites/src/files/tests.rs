use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::digest::Digest;

/// A folder with these files; a name ending in `/` is a folder.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let place = folder.path().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match name.ends_with('/') {
            true => fs::create_dir_all(&place).unwrap(),
            false => fs::write(&place, name).unwrap(),
        }
    }
    folder
}

fn paths(folder: &tempfile::TempDir) -> Vec<String> {
    walk(folder.path()).unwrap().files.into_iter().map(|file| file.path).collect()
}

#[test]
fn what_is_private_stays_at_home() {
    let site = folder(&[
        "index.html",
        "a/b/c.css",
        ".env",
        ".git/config",
        "a/.git/HEAD",
        "a/.DS_Store",
        ".well-known/security.txt",
        "a/.well-known/x",
        "_headers",
        "_redirects",
        "a/_headers",
        "draft.md",
        "notes/x.md",
        "notes/keep.md",
        ".assetsignore",
    ]);
    fs::write(site.path().join(".assetsignore"), "# ours\n*.md\n!keep.md\n").unwrap();
    fs::write(site.path().join("_redirects"), "/a /b").unwrap();
    let tree = walk(site.path()).unwrap();
    assert_eq!(
        paths(&site),
        ["/.well-known/security.txt", "/a/_headers", "/a/b/c.css", "/index.html", "/notes/keep.md"]
    );
    assert_eq!(tree.redirects.as_deref(), Some("/a /b"));
    assert_eq!(tree.left_out, 7);
}

#[test]
fn a_dotfile_below_well_known_is_one() {
    assert_eq!(paths(&folder(&["i", ".well-known/.secret", ".well-known/a"])), ["/.well-known/a", "/i"]);
}

#[test]
fn links_stay_inside() {
    let elsewhere = folder(&["secret"]);
    let refused = |link: &str, target: &Path| {
        let site = folder(&["index.html", ".git/config", "a/b"]);
        symlink(site.path().join(target), site.path().join(link)).unwrap();
        walk(site.path()).unwrap_err()
    };
    let out = refused("s", &elsewhere.path().join("secret"));
    assert!(matches!(out, Refusal::Outside { ref path, .. } if path == "/s"), "{out}");
    assert!(matches!(refused("s", elsewhere.path()), Refusal::Outside { .. }));
    assert!(matches!(refused("s", Path::new("../..")), Refusal::Outside { .. }));
    assert!(matches!(refused("s", Path::new("nothing")), Refusal::Dangling { .. }));
    assert!(matches!(refused("s", Path::new(".git")), Refusal::Hidden { .. }));
    assert!(matches!(refused("s", Path::new(".git/config")), Refusal::Hidden { .. }));
    assert!(matches!(refused("a/loop", Path::new("a")), Refusal::Endless { .. }));
    assert!(matches!(refused("a/loop", Path::new("")), Refusal::Endless { .. }));

    let site = folder(&["index.html", "a/b"]);
    symlink("index.html", site.path().join("start.html")).unwrap();
    symlink("a", site.path().join("again")).unwrap();
    assert_eq!(paths(&site), ["/a/b", "/again/b", "/index.html", "/start.html"]);
}

#[test]
fn what_cannot_be_served_is_refused() {
    let refused = |names: &[&str]| walk(folder(names).path()).unwrap_err();
    assert!(matches!(refused(&["a\nb"]), Refusal::Control { .. }));
    assert!(matches!(refused(&["a\u{85}/b"]), Refusal::Control { .. }));
    assert!(matches!(refused(&["A.css", "a.css"]), Refusal::Case { .. }));
    assert!(matches!(refused(&["É/a", "é/a"]), Refusal::Case { .. }));
    assert!(matches!(refused(&[]), Refusal::Empty { left_out: 0, .. }));
    assert!(matches!(refused(&["_headers", ".git/a", "empty/"]), Refusal::Empty { left_out: 1, .. }));
    let site = folder(&["a"]);
    assert!(matches!(walk(&site.path().join("a")).unwrap_err(), Refusal::NoFolder { .. }));
    assert!(matches!(walk(&site.path().join("b")).unwrap_err(), Refusal::NoFolder { .. }));
    fs::File::create(site.path().join("large")).unwrap().set_len(5 << 30).unwrap();
    assert!(matches!(walk(site.path()).unwrap_err(), Refusal::Large { .. }));
}

#[test]
fn contents_in_the_order_of_the_files() {
    let names: Vec<String> = (0..300).map(|number| format!("d{}/f{number}", number % 7)).collect();
    let site = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
    fs::write(site.path().join("long"), vec![7; 200_000]).unwrap();
    let tree = walk(site.path()).unwrap();
    let read = std::sync::atomic::AtomicU64::new(0);
    let found = hash(&tree, &|bytes| {
        read.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    })
    .unwrap();
    assert_eq!(found.len(), 301);
    for (file, hashed) in tree.files.iter().zip(found) {
        let bytes = fs::read(tree.source(file)).unwrap();
        assert_eq!((hashed.digest, hashed.size), (Digest::of(&bytes), bytes.len() as u64), "{}", file.path);
    }
    assert_eq!(read.into_inner(), tree.bytes());
}

#[test]
fn what_takes_the_place_of_a_file_after_the_walk_is_not_read() {
    let outside = folder(&["secret", "d/f"]);
    for (victim, target) in [
        ("f", outside.path().join("secret")),
        // A folder on the way.
        ("d", outside.path().join("d")),
        ("f", PathBuf::from(".env")),
    ] {
        let site = folder(&["f", "d/f", ".env", "other"]);
        let tree = walk(site.path()).unwrap();
        let place = site.path().join(victim);
        fs::rename(&place, site.path().join(".away")).unwrap();
        symlink(&target, &place).unwrap();
        assert!(matches!(hash(&tree, &|_| {}).unwrap_err(), Refusal::Changed { .. }), "{victim} {target:?}");
    }
    // Within the site, a link is what it leads to.
    let site = folder(&["f", ".well-known/a"]);
    symlink("f", site.path().join("one")).unwrap();
    symlink(".well-known/a", site.path().join("two")).unwrap();
    assert_eq!(hash(&walk(site.path()).unwrap(), &|_| {}).unwrap().len(), 4);
}
