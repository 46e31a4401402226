//! What `flarekeep apply` keeps its hands off, and what it makes once.

use std::path::Path;

use flarekeep_cloudflare::Owner;
use flarekeep_tokens::declared::{
    Change, Comparison, Document, Kind, Origin, Outcome, Places, Sources, apply, compare,
};
use flarekeep_tokens::{Desk, Error, GroupIds, Rotation, Sink, rotate, successor};
use jiff::Timestamp;

use crate::support::{Line, Local, ZONE};

/// A file, where the values lie, and the journal's folder.
struct Scene {
    local: Local,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn start() -> Self {
        Self { local: Local::start().await, folder: tempfile::tempdir().unwrap() }
    }

    async fn desk(&self) -> Desk {
        self.local.desk(&Line::good(), self.folder.path()).await
    }

    fn origin(&self, document: &Document) -> Origin {
        Origin { file: self.folder.path().join("flarekeep.toml"), project: document.project.clone() }
    }

    async fn compared(&self, desk: &Desk, text: &str, now: Timestamp) -> Comparison {
        let document = Document::parse(text).unwrap();
        let places = Places::default();
        let mut declared = Vec::new();
        for token in &document.tokens {
            let placed = token.place(&places, &Sources::default(), now).unwrap();
            let ids = GroupIds::for_policies(&desk.manager, placed.owner, &placed.policies).await.unwrap();
            declared.push((placed.wanted(&ids).unwrap(), token.sinks.clone()));
        }
        compare(desk, declared, &places.ownership(), &self.origin(&document), true, now).await.unwrap()
    }

    async fn apply(&self, text: &str, prune: bool) -> (Vec<Outcome>, Vec<Change>) {
        let (desk, now) = (self.desk().await, Timestamp::now());
        let comparison = self.compared(&desk, text, now).await;
        let origin = self.origin(&Document::parse(text).unwrap());
        let mut outcomes = Vec::new();
        let kept = apply(&desk, &origin, &comparison, prune, now, |outcome| outcomes.push(outcome)).await.unwrap();
        (outcomes, kept)
    }

    /// The same where nothing may fail; the tokens that were not revoked.
    async fn applied(&self, text: &str, prune: bool) -> usize {
        let (outcomes, kept) = self.apply(text, prune).await;
        for outcome in outcomes {
            outcome.result.unwrap();
        }
        kept.len()
    }

    async fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.local.tokens().await.into_iter().map(|token| token.name).collect();
        names.sort();
        names
    }

    /// A declaration with these sinks, as TOML, and lines more.
    fn token(&self, name: &str, sinks: &str, more: &str) -> String {
        format!(
            "[token.{name}]\n{more}zones = [\"{ZONE}\"]\nsinks = [{sinks}]\n\
             [[token.{name}.grant]]\npermissions = [\"DNS Read\"]\n"
        )
    }

    fn file(&self, name: &str) -> String {
        format!("\"file:{}\"", self.folder.path().join(name).display())
    }
}

fn kinds(comparison: &Comparison) -> Vec<(&str, Kind)> {
    comparison.changes.iter().map(|change| (change.name(), change.difference.kind)).collect()
}

#[tokio::test]
async fn nothing_is_revoked_where_anything_failed() {
    let scene = Scene::start().await;
    let kept = scene.token("kept", &scene.file("kept"), "");
    scene.applied(&(kept.clone() + &scene.token("old", &scene.file("value"), "")), false).await;
    // Renamed, and the new one's sink takes nothing.
    let renamed = kept.clone() + &scene.token("new", "\"command:cat > /dev/null; exit 1\"", "");
    let (outcomes, left) = scene.apply(&renamed, true).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.result.is_err()).count(), 1);
    assert_eq!(left.iter().map(Change::name).collect::<Vec<_>>(), ["old"]);
    assert_eq!(scene.names().await, ["kept", "old"]);
    let value = std::fs::read_to_string(scene.folder.path().join("value")).unwrap();
    assert!(scene.local.is_alive(value.trim()).await);
    // Again, with a sink that takes it.
    scene.applied(&(kept + &scene.token("new", &scene.file("value"), "")), false).await;
    assert_eq!(scene.names().await, ["kept", "new"]);
}

#[tokio::test]
async fn an_emptied_file_revokes_only_with_prune() {
    let scene = Scene::start().await;
    let one = |name: &str| scene.token(name, &scene.file(name), "");
    scene.applied(&["a", "b", "c", "d"].map(one).concat(), false).await;
    let desk = scene.desk().await;
    let needs = async |text: &str| scene.compared(&desk, text, Timestamp::now()).await.needs_prune;
    assert!(needs("").await && needs(&one("other")).await && needs(&one("a")).await);
    assert!(!needs(&["a", "b"].map(one).concat()).await, "a half is none too many");
    assert_eq!(scene.applied("", false).await, 4);
    assert_eq!(scene.names().await.len(), 4);
    assert_eq!(scene.applied(&["a", "b"].map(one).concat(), false).await, 0);
    assert_eq!(scene.names().await, ["a", "b"]);
    assert_eq!(scene.applied("", true).await, 0);
    assert!(scene.names().await.is_empty());
}

#[tokio::test]
async fn another_project_at_the_same_path_owns_nothing_here() {
    let scene = Scene::start().await;
    let shop = format!("[defaults]\nproject = \"shop\"\n{}", scene.token("a", &scene.file("a"), ""));
    scene.applied(&shop, false).await;
    for other in ["[defaults]\nproject = \"blog\"\n", ""] {
        let comparison = scene.compared(&scene.desk().await, other, Timestamp::now()).await;
        assert!(comparison.changes.is_empty() && comparison.gone.is_empty(), "{other}: {comparison:?}");
    }
    let own = scene.compared(&scene.desk().await, "[defaults]\nproject = \"shop\"\n", Timestamp::now()).await;
    assert_eq!(kinds(&own), [("shop-a", Kind::Revoke)]);
}

#[tokio::test]
async fn what_the_journal_did_not_see_made_is_neither_replaced_nor_revoked() {
    let mut scene = Scene::start().await;
    scene.applied(&scene.token("a", &scene.file("a"), ""), false).await;
    // Another machine.
    scene.folder = tempfile::tempdir().unwrap();
    assert_eq!(scene.applied(&scene.token("a", "", ""), false).await, 0);
    let with_sink = scene.token("a", &scene.file("a"), "");
    let comparison = scene.compared(&scene.desk().await, &with_sink, Timestamp::now()).await;
    assert_eq!(kinds(&comparison), [("a", Kind::Unchanged)]);
    let remarks = comparison.changes[0].difference.remarks.concat();
    assert!(remarks.contains("flarekeep token rotate 'a' --to"), "{remarks}");
    scene.applied(&with_sink, false).await;
    let comparison = scene.compared(&scene.desk().await, "", Timestamp::now()).await;
    assert!(comparison.changes.is_empty(), "{comparison:?}");
}

#[tokio::test]
async fn two_runs_that_find_none_make_one() {
    let scene = Scene::start().await;
    let (desk, now) = (scene.desk().await, Timestamp::now());
    let text = scene.token("a", &scene.file("a"), "");
    let elsewhere = scene.token("a", &scene.file("b"), "");
    let origin = scene.origin(&Document::parse(&text).unwrap());
    // All of them look before any acts.
    let looked = [&text, &text, &elsewhere].map(|text| scene.compared(&desk, text, now));
    let [first, second, third] = looked;
    let (first, second, third) = (first.await, second.await, third.await);
    let mut results = Vec::new();
    for comparison in [first, second, third] {
        assert_eq!(kinds(&comparison), [("a", Kind::Create)]);
        apply(&desk, &origin, &comparison, false, now, |outcome| results.push(outcome.result)).await.unwrap();
    }
    let [Ok(one), Ok(two), Err(Error::Changed(id))] = results.as_slice() else { panic!("{results:?}") };
    assert!(one.id == two.id && one.id == Some(*id));
    assert_eq!(scene.names().await, ["a"]);
}

#[tokio::test]
async fn a_declared_id_is_followed_through_a_rotation() {
    let scene = Scene::start().await;
    scene.applied(&scene.token("a", &scene.file("a"), ""), false).await;
    let [old] = &scene.local.tokens().await[..] else { panic!("one") };
    let by_id = scene.token("a", &scene.file("a"), &format!("id = \"{}\"\n", old.id));
    scene.applied(&by_id, false).await;
    let asked = Timestamp::now();
    let new = successor(old, asked);
    let rotation = Rotation { owner: Owner::User, old: old.clone(), new, grace: None, declared: None, asked };
    let sink = Sink::File(Path::new(scene.folder.path()).join("a"));
    rotate(&scene.desk().await, &rotation, &[sink]).await.unwrap();
    let comparison = scene.compared(&scene.desk().await, &by_id, Timestamp::now()).await;
    assert_eq!(kinds(&comparison), [("a", Kind::Unchanged)]);
    assert!(comparison.changes[0].difference.remarks.concat().contains("its id is"), "{comparison:?}");
}
