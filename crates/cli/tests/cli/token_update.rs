//! `flarekeep token update`: the change is shown by what the token may do more and less, then made; the value stays.

use flarekeep_cloudflare::{Owner, TokenUpdate};

use crate::support::{Deed, Local, Proxy, block_on, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";
const DNS: &str = "--operation 'POST /zones/{zone_id}/dns_records'";

fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.bind(work);
}

#[test]
fn a_name_and_limits() {
    let local = Local::start();
    let value = local.token(&format!("--name shop-media-prod {R2}"));
    timeless(|| {
        let line = "token update shop-media-prod --name shop-media-dev --expires 2999-01-31 --allow-ip 127.0.0.0/8";
        shows!("token_update_dry_run", local.run(&format!("{line} --dry-run")).ended(0));
        assert_eq!(local.tokens()[0].expires_on, None);
        shows!("token_update_narrower", local.run(&format!("{line} --yes")).ended(0));
        let token = &local.tokens()[0];
        assert_eq!(
            (token.name.as_str(), token.expires_on),
            ("shop-media-dev", Some("2999-01-31T00:00:00Z".parse().unwrap()))
        );
        assert!(local.is_alive(&value), "its value is the same");
        shows!("token_update_nothing", local.run("token update shop-media-dev --expires 2999-01-31 --yes").ended(0));
        // Taking a limit away widens.
        let line = "token update shop-media-dev --without expires --without allow-ip";
        shows!("token_update_no_widen", local.run(&format!("{line} --no-widen --yes")).ended(1));
        assert!(local.tokens()[0].expires_on.is_some());
        shows!("token_update_wider", local.run(&format!("{line} --yes")).ended(0));
    });
    let token = &local.tokens()[0];
    assert_eq!((token.expires_on, token.name.as_str()), (None, "shop-media-dev"));
    assert!(token.condition.as_ref().is_none_or(|condition| condition.request_ip.is_none()));
    local.run("token update shop-media-dev --without expires --expires 90d --yes").failed(2);
    local.run("token update shop-media-dev --yes").failed(2);
}

#[test]
fn other_work() {
    let local = Local::start();
    let value = local.token(&format!("--name shop-media-prod {R2}"));
    timeless(|| {
        shows!("token_update_work", local.run(&format!("token update shop-media-prod {DNS} --yes")).ended(0));
        let run = local.run(&format!("token update shop-media-prod {DNS} {R2} --yes --json")).ended(0);
        let document = run.json();
        assert_eq!((&document["widens"], &document["changed"]), (&true.into(), &true.into()));
        let run = local.run(&format!("token update shop-media-prod {R2} --yes --no-widen")).ended(0);
        shows!("token_update_work_narrower", run);
    });
    let groups = local.tokens()[0].policies[0].permission_groups.clone();
    assert_eq!(
        groups.iter().filter_map(|group| group.name.as_deref()).collect::<Vec<_>>(),
        ["Workers R2 Storage Write"]
    );
    assert!(local.is_alive(&value));
}

#[test]
fn a_token_that_is_switched_off_widens_too_and_stays_off() {
    let local = Local::start();
    local.token(&format!("--name shop-media-prod {R2}"));
    local.run("token disable shop-media-prod --yes").ended(0);
    local.run(&format!("token update shop-media-prod {DNS} --no-widen --yes")).ended(1);
    local.run(&format!("token update shop-media-prod {DNS} --yes")).ended(0);
    assert_eq!(local.tokens()[0].status, flarekeep_cloudflare::Status::Disabled);
}

#[test]
fn what_somebody_else_changed_meanwhile_is_not_brought_back() {
    let local = Local::start();
    local.token(&format!("--name shop-media-prod {R2}"));
    let token = local.tokens()[0].clone();
    // Between the showing and the making, somebody gives the token an end.
    let admin = local.admin();
    let path = format!("GET /user/tokens/{}", token.id);
    let proxy = Proxy::before(local.running.address(), move |request, number| {
        if request == path && number == 1 {
            let end = Some("2999-01-31T00:00:00Z".parse().unwrap());
            let update = TokenUpdate { expires_on: end, ..TokenUpdate::from(&token) };
            block_on(admin.tokens(Owner::User).update(token.id, &update)).unwrap();
        }
        Deed::Forward
    });
    for line in ["token disable shop-media-prod --yes", "token update shop-media-prod --name shop-other-prod --yes"] {
        let run = local.type_(line).env("CLOUDFLARE_API_BASE_URL", &proxy.api_url()).run();
        if line.contains("disable") {
            run.failed(2).says("was changed meanwhile");
            assert_eq!(local.tokens()[0].status, flarekeep_cloudflare::Status::Active);
        } else {
            run.ended(0);
        }
        assert!(local.tokens()[0].expires_on.is_some(), "the end that somebody gave it stays");
    }
}
