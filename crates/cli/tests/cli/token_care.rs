//! What looks after tokens: `flarekeep token list`, `remind`, `disable`, `enable`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use flarekeep_cloudflare::{Owner, Status, Token, TokenUpdate};
use flarekeep_emulator::Options;

use crate::support::{Local, block_on, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";
const DAY: i64 = 24 * 60 * 60;

/// A local Cloudflare whose clock the test sets, in days from now.
struct Clocked {
    local: Local,
    days: Arc<AtomicI64>,
}

impl Clocked {
    fn start() -> Self {
        let days = Arc::new(AtomicI64::new(0));
        let read = days.clone();
        let clock = Arc::new(move || jiff::Timestamp::now().as_second() + read.load(Ordering::SeqCst) * DAY);
        Self { local: Local::with(Options { clock: Some(clock), ..Options::default() }), days }
    }

    /// A token that was made 50 days ago and ended three and a half days ago.
    fn past(&self) {
        self.at(-50, |local| {
            let end = jiff::Timestamp::now().checked_sub(jiff::Span::new().hours(84)).unwrap();
            let value = local.narrow_token();
            let policies = local.tokens()[0].policies.clone();
            let name = "shop-past-prod".to_owned();
            let new = flarekeep_cloudflare::NewToken { name, policies, expires_on: Some(end), ..Default::default() };
            let tokens = local.admin().tokens(Owner::User);
            block_on(tokens.create(&new)).unwrap();
            let story = local.tokens().into_iter().find(|token| token.name == "story").unwrap();
            block_on(tokens.delete(story.id)).unwrap();
            assert!(!local.is_alive(&value));
        });
    }

    /// Does the work so many days from now.
    fn at(&self, days: i64, work: impl FnOnce(&Local)) {
        self.days.store(days, Ordering::SeqCst);
        work(&self.local);
        self.days.store(0, Ordering::SeqCst);
    }
}

/// Replaces times, which differ from run to run.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b20\d\d-\d\d-\d\d\b", "[day]");
    settings.bind(work);
}

/// Seven tokens, of which one needs no care.
fn seven() -> Clocked {
    let clocked = Clocked::start();
    clocked.at(-100, |local| {
        local.token(&format!("--name shop-media-prod {R2} --expires 900d"));
        local.token(&format!("--name shop-backup-prod {R2}"));
    });
    clocked.at(-40, |local| {
        local.token(&format!("--name shop-unused-dev {R2} --expires 900d"));
        local.token(&format!("--name shop-off-dev {R2} --expires 900d"));
    });
    clocked.local.run("token disable shop-off-dev --yes").ended(0);
    let local = &clocked.local;
    local.token(&format!("--name shop-well-prod {R2} --expires 1446h"));
    local.token(&format!("--name shop-soon-prod {R2} --expires 126h"));
    local.token(&format!("--name shop-late-prod {R2} --expires 486h"));
    clocked
}

#[test]
fn list_puts_first_what_needs_care_first() {
    let clocked = seven();
    let local = &clocked.local;
    timeless(|| {
        shows!("token_list_care", local.run("token list").ended(0));
        shows!("token_list_care_verbose", local.run("token list --verbose").ended(0));
        shows!("token_list_needs_care", local.run("token list --needs-care --quiet").ended(0));
        shows!("token_list_older_than", local.run("token list --older-than 90d --quiet").ended(0));
        shows!("token_list_unused", local.run("token list --unused 30d --quiet").ended(0));
        shows!("token_list_expiring", local.run("token list --expiring 14d --quiet").ended(0));
        shows!("token_list_expiring_none", local.run("token list --expiring 1d").ended(0));
    });
    let document = local.run("token list --json").ended(0).json();
    let names: Vec<&str> = document.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "shop-soon-prod",
            "shop-late-prod",
            "shop-backup-prod",
            "shop-media-prod",
            "shop-unused-dev",
            "shop-off-dev",
            "shop-well-prod",
        ]
    );
    let care = |at: usize| {
        let care = document[at]["care"].as_array().unwrap();
        care.iter().map(|reason| reason["id"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(care(0), ["ends"]);
    assert_eq!(care(2), ["unchanged", "no-end", "never-used"]);
    assert_eq!(care(5), ["disabled"]);
    assert_eq!(care(6), [""; 0]);
    shows!("token_list_bad_age", local.run("token list --unused soon").ended(2));
}

#[test]
fn list_of_all_owners() {
    let local = Local::start();
    local.token(&format!("--name shop-own-prod {R2} --expires 90d"));
    local.token(&format!("--name shop-shared-prod {R2} --owner account"));
    timeless(|| shows!("token_list_all", local.run("token list --owner all").ended(0)));
    let document = local.run("token list --owner all --json").ended(0).json();
    assert_eq!((&document[0]["owner"], &document[1]["owner"]), (&"account".into(), &"user".into()));
}

#[test]
fn list_shows_what_a_stopped_run_left() {
    let local = Local::start();
    local.narrow_token();
    let policies = local.tokens()[0].policies.clone();
    let name = "x (pending 0123abcd)".to_owned();
    let left = flarekeep_cloudflare::NewToken { name, policies, ..Default::default() };
    block_on(local.admin().tokens(Owner::User).create(&left)).unwrap();
    timeless(|| shows!("token_list_pending", local.run("token list").ended(0)));
}

#[test]
fn remind_tells_what_ends_soon_and_what_ended_lately() {
    let clocked = seven();
    clocked.past();
    let local = &clocked.local;
    timeless(|| {
        shows!("token_remind", local.run("token remind").ended(1));
        shows!("token_remind_json", local.run("token remind --json").ended(1));
        shows!("token_remind_week", local.run("token remind --days 7").ended(1));
        shows!("token_remind_none", local.run("token remind --days 2").ended(0));
    });
    assert_eq!(local.run("token remind --days 7,14 --json").ended(1).json()["due"][1]["within"], 7);
    local.run("token remind --days 0").ended(2);
    local.run("token remind --days soon").ended(2);
}

#[test]
fn the_calendar_has_every_end_that_is_to_come() {
    let clocked = seven();
    let local = &clocked.local;
    timeless(|| shows!("token_remind_ics", local.run("token remind --ics ends.ics").ended(1)));
    let text = local.read("ends.ics");
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    // One that is switched off ends nothing for anybody, and one without an end has none.
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 5);
    assert_eq!(text.matches("TRIGGER:-P30D").count(), 5);
    let uids = |text: &str| text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>();
    local.run("token remind --ics ends.ics --days 3,1").ended(0);
    let again = local.read("ends.ics");
    assert_eq!(uids(&again), uids(&text), "the same ends are the same events");
    assert_eq!(again.matches("BEGIN:VALARM").count(), 10);
    let run = local.run("token remind --ics - --quiet").ended(1);
    assert!(run.stdout.starts_with("BEGIN:VCALENDAR\r\n") && run.stdout.ends_with("END:VCALENDAR\r\n"));
    local.run("token remind --ics - --json").failed(2);
    shows!("token_remind_ics_nowhere", local.run("token remind --ics nowhere/ends.ics").failed(2));
}

#[test]
fn disable_and_enable() {
    let local = Local::start();
    let value = local.token(&format!("--name shop-media-prod {R2} --allow-ip 127.0.0.1 --expires 2999-01-31"));
    let before = local.tokens()[0].clone();
    timeless(|| {
        shows!("token_disable_without_yes", local.run("token disable shop-media-prod").failed(2));
        shows!("token_disable_dry_run", local.run("token disable shop-media-prod --dry-run").ended(0));
        assert!(local.is_alive(&value));
        shows!("token_disable", local.run("token disable shop-media-prod --yes").ended(0));
        assert!(!local.is_alive(&value));
        shows!("token_disable_twice", local.run("token disable shop-media-prod --yes").ended(0));
        shows!("token_enable", local.run("token enable shop-media-prod --yes").ended(0));
        shows!("token_enable_json", local.run("token enable shop-media-prod --yes --json").ended(0));
    });
    assert!(local.is_alive(&value), "its value is the same");
    let after = local.tokens()[0].clone();
    // An update gives policies new ids.
    let same = |token: &Token| {
        let mut update = TokenUpdate::from(token);
        update.policies.iter_mut().for_each(|policy| policy.id = None);
        update
    };
    assert_eq!((same(&after), after.status.clone()), (same(&before), Status::Active));
    // An account's too.
    let value = local.token(&format!("--name shop-shared-prod {R2} --owner account"));
    local.run("token disable shop-shared-prod --owner account --yes").ended(0);
    assert!(!local.is_alive(&value));
}

#[test]
fn what_has_ended_is_not_switched_on() {
    let clocked = Clocked::start();
    clocked.past();
    let run = clocked.local.run("token enable shop-past-prod --yes");
    assert_ne!(run.status, 101, "{}", run.shown());
    timeless(|| shows!("token_enable_ended", run));
}
