//! Servers that are down, slow, strange, overloaded, or cut the line: nothing is lost and nothing is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Deed, Local, Proxy, Run, answer, shows};

const CREATE: &str = "token create --name x --operation 'POST /accounts/{account_id}/r2/buckets' --to env:.env --yes";
const MINT: &str = "POST /user/tokens";

/// A world whose home speaks to it through a proxy of this rule.
fn behind(rule: impl Fn(&str, usize) -> Deed + Send + Sync + 'static) -> (Local, Proxy) {
    let mut local = Local::start();
    let proxy = Proxy::before(local.running.address(), rule);
    local.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    let address = proxy.api_url();
    local.call(&address, "[api]");
    (local, proxy)
}

fn through(answers: String) -> Local {
    let mut local = Local::start();
    let proxy = Proxy::answering(answers);
    local.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    local
}

/// A world whose line answers so from the minting of a token on; what comes before it goes well.
fn fails_from_the_minting_on(answer: String) -> (Local, Proxy) {
    let minted = AtomicBool::new(false);
    behind(move |request, _| {
        if minted.fetch_or(request == MINT, Ordering::Relaxed) || request == MINT {
            Deed::Answer(answer.clone())
        } else {
            Deed::Forward
        }
    })
}

/// Waits differ from run to run.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"again in \d+\.\d s", "again in [time] s");
    settings.add_filter(r"pending [0-9a-f]{8}", "pending [mark]");
    settings.add_filter(r"last used \d{4}-[^ \n]+", "last used [time]");
    settings.bind(work);
}

/// What holds for every failure of the server: the status, and no token that nobody asked for.
#[track_caller]
fn nothing_is_left(local: &Local, run: &Run) {
    assert!(local.tokens().is_empty(), "a token is left behind:\n{}", run.shown());
    assert!(!local.path(".env").exists(), "a file is left behind");
}

#[test]
fn down() {
    let mut local = Local::start();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    local.set("CLOUDFLARE_API_BASE_URL", &format!("http://{closed}/client/v4"));
    local.call(&closed.to_string(), "127.0.0.1:[port]");
    timeless(|| shows!("down_list", local.run("token list").failed(4)));
    let run = local.run(CREATE).failed(4);
    nothing_is_left(&local, &run);
}

#[test]
fn slow() {
    let (local, _proxy) = behind(|_, _| Deed::Hang);
    let run = local.run("token list --timeout 1").failed(4);
    assert!(run.took < Duration::from_secs(15), "{:?}", run.took);
    timeless(|| shows!("slow_list", run));
}

#[test]
fn slow_to_answer_a_creation() {
    let (local, _proxy) =
        behind(|request, number| if request == MINT && number == 1 { Deed::Hang } else { Deed::Forward });
    let run = local.run(&format!("{CREATE} --timeout 1")).ended(0);
    assert_eq!(local.tokens().len(), 1);
    assert!(local.is_alive(&local.value_in(".env")));
    timeless(|| shows!("slow_create", run.says("an answer was lost")));
}

#[test]
fn html() {
    let page = "<html><body>Welcome to the hotel's network. Please log in.</body></html>";
    for status in ["200 OK", "403 Forbidden"] {
        let local = through(answer(status, "text/html", "", page));
        let run = local.run("token list").failed(4);
        assert!(run.stderr.contains("text/html"), "{}", run.shown());
        if status == "200 OK" {
            shows!("html_list", run);
        }
    }
    // Somebody says yes to everything: that is found out before anything is minted.
    let local = through(answer("200 OK", "text/html", "", page));
    let run = local.run(CREATE).failed(4);
    nothing_is_left(&local, &run);
    // Somebody says yes to the minting, and nobody knows who: that has to be said.
    let (local, _proxy) = fails_from_the_minting_on(answer("200 OK", "text/html", "", page));
    let run = local.run(CREATE).failed(5);
    nothing_is_left(&local, &run);
    timeless(|| shows!("html_create", run));
    // A refusal by something that is not Cloudflare made nothing.
    let local = through(answer("403 Forbidden", "text/html", "", page));
    let run = local.run(CREATE).failed(4);
    nothing_is_left(&local, &run);
}

#[test]
fn a_redirect_is_not_followed() {
    let (local, _proxy) =
        behind(|_, _| Deed::Answer(answer("302 Found", "text/plain", "location: https://example.com/\r\n", "")));
    shows!("redirect", local.run("token list").failed(4));
}

#[test]
fn cut_after_acting_leaves_one_token_and_delivers_it() {
    let (local, proxy) =
        behind(|request, number| if request == MINT && number == 1 { Deed::ForwardAndCut } else { Deed::Forward });
    let run = local.run(CREATE).ended(0);
    let [token] = &local.tokens()[..] else { panic!("one token is alive: {:?}", local.tokens()) };
    assert_eq!(token.name, "x", "the mark is off");
    assert!(local.is_alive(&local.value_in(".env")));
    let minted = local.calls().iter().filter(|call| *call == "POST /client/v4/user/tokens 200").count();
    assert_eq!(minted, 2, "the lost one and the delivered one: {:?}", local.calls());
    assert!(proxy.seen().iter().any(|seen| seen.starts_with("DELETE /user/tokens/")), "the orphan was revoked");
    timeless(|| shows!("cut_after_acting", run.says("the token that it made, whose value nobody has, was revoked")));
}

#[test]
fn cut_before_acting_leaves_one_token_and_delivers_it() {
    let (local, _proxy) =
        behind(|request, number| if request == MINT && number == 1 { Deed::Cut } else { Deed::Forward });
    let run = local.run(CREATE).ended(0);
    assert_eq!(local.tokens().len(), 1);
    assert!(local.is_alive(&local.value_in(".env")));
    timeless(|| shows!("cut_before_acting", run.says("no token was made by it")));
}

#[test]
fn cut_every_time_leaves_no_token() {
    for deed in [Deed::Cut, Deed::ForwardAndCut] {
        let (local, _proxy) = behind(move |request, _| if request == MINT { deed.clone() } else { Deed::Forward });
        let run = local.run(CREATE).failed(4);
        nothing_is_left(&local, &run);
        timeless(|| shows!("cut_every_time", run));
    }
}

#[test]
fn cut_at_a_creation_and_blind_afterwards_names_the_token() {
    let minted = AtomicBool::new(false);
    let (local, _proxy) = behind(move |request, _| match request {
        MINT => {
            minted.store(true, Ordering::Relaxed);
            Deed::ForwardAndCut
        }
        "GET /user/tokens" if minted.load(Ordering::Relaxed) => {
            Deed::Answer(answer("500 Internal Server Error", "text/plain", "", ""))
        }
        _ => Deed::Forward,
    });
    let run = local.run(CREATE).failed(5);
    let [orphan] = &local.tokens()[..] else { panic!("the orphan that cannot be seen") };
    assert!(run.stderr.contains(&orphan.name), "the error names it:\n{}", run.shown());
    timeless(|| shows!("cut_and_blind", run));
    // And the hint's command works once the server does.
    let api = local.running.api_url();
    local.type_(&format!("token revoke '{}' --yes", orphan.name)).env("CLOUDFLARE_API_BASE_URL", &api).run().ended(0);
    assert!(local.tokens().is_empty());
}

/// The error's hint names the command that finishes the change; it does so once the line is good.
#[track_caller]
fn finished_by_its_hint(local: &Local, run: &Run, mended: &AtomicBool) {
    assert!(run.stderr.contains("flarekeep token resume"), "{}", run.shown());
    mended.store(true, Ordering::Relaxed);
    local.run("token resume").ended(0);
}

/// A rule that holds until the line is mended.
fn until_mended(
    rule: impl Fn(&str, usize) -> Deed + Send + Sync + 'static,
) -> (Arc<AtomicBool>, impl Fn(&str, usize) -> Deed + Send + Sync + 'static) {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = mended.clone();
    (
        mended,
        move |request: &str, number| {
            if is_mended.load(Ordering::Relaxed) { Deed::Forward } else { rule(request, number) }
        },
    )
}

#[test]
fn cut_when_the_mark_is_taken_off() {
    let (mended, rule) =
        until_mended(
            |request, _| {
                if request.starts_with("PUT /user/tokens/") { Deed::ForwardAndCut } else { Deed::Forward }
            },
        );
    let (local, _proxy) = behind(rule);
    let run = local.run(CREATE).failed(5);
    assert_eq!(local.tokens().len(), 1);
    assert!(local.is_alive(&local.value_in(".env")), "the delivered value works:\n{}", run.shown());
    finished_by_its_hint(&local, &run, &mended);
    let [token] = &local.tokens()[..] else { panic!("the one token") };
    assert_eq!(token.name, "x");
    assert!(local.is_alive(&local.value_in(".env")));
}

#[test]
fn cut_at_a_roll() {
    let is_roll = |request: &str| request.starts_with("PUT") && request.ends_with("/value");
    let (mut local, proxy) = behind(
        move |request, number| if is_roll(request) && number == 1 { Deed::ForwardAndCut } else { Deed::Forward },
    );
    let old = local.narrow_token();
    let run = local.run("token roll story --to env:.env --yes").ended(0);
    let new = local.value_in(".env");
    assert!(!local.is_alive(&old) && local.is_alive(&new));
    assert_eq!(proxy.seen().iter().filter(|seen| is_roll(seen)).count(), 2);
    timeless(|| shows!("cut_roll", run.says("the value was rolled once more")));

    // Cut, and then gone: the old value may be dead, which must be said whatever the second failure is.
    for (name, second) in [
        ("cut_roll_twice", Deed::ForwardAndCut),
        (
            "cut_roll_then_refused",
            Deed::Answer(answer(
                "403 Forbidden",
                "application/json",
                "",
                r#"{"success":false,"errors":[{"code":9109,"message":"Unauthorized to access requested resource"}],"messages":[],"result":null}"#,
            )),
        ),
        (
            "cut_roll_then_limited",
            Deed::Answer(answer("429 Too Many Requests", "text/plain", "retry-after: 3600\r\n", "error code: 1015")),
        ),
    ] {
        let (mended, rule) = until_mended(move |request, number| match number {
            1 if is_roll(request) => Deed::ForwardAndCut,
            _ if is_roll(request) => second.clone(),
            _ => Deed::Forward,
        });
        let proxy = Proxy::before(local.running.address(), rule);
        local.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
        let id = local.tokens()[0].id.to_string();
        let run = local.run("token roll story --to env:.env --yes").failed(5);
        assert!(run.stderr.contains("the old value"), "that the old value may be dead is not said:\n{}", run.shown());
        timeless(|| insta::assert_snapshot!(name, run.shown()));
        finished_by_its_hint(&local, &run, &mended);
        assert!(local.is_alive(&local.value_in(".env")) && local.tokens()[0].id.to_string() == id);
    }
}

#[test]
fn cut_at_a_revocation() {
    let (local, _proxy) = behind(|request, number| {
        if request.starts_with("DELETE /user/tokens/") && number == 1 { Deed::ForwardAndCut } else { Deed::Forward }
    });
    local.narrow_token();
    let run = local.run("token revoke story --yes").ended(0);
    assert!(local.tokens().is_empty());
    timeless(|| shows!("cut_revoke", run));
}

#[test]
fn a_sink_that_fails_where_nothing_can_be_revoked_names_the_token() {
    let (mended, rule) =
        until_mended(|request, _| if request.starts_with("DELETE /user/tokens/") { Deed::Cut } else { Deed::Forward });
    let (local, _proxy) = behind(rule);
    let run = local.run(&CREATE.replace("env:.env", "command:false")).failed(5);
    let [orphan] = &local.tokens()[..] else { panic!("the orphan that cannot be revoked") };
    assert!(run.stderr.contains("DELETE"), "what failed is said of {}:\n{}", orphan.id, run.shown());
    timeless(|| shows!("orphan_named", run));
    finished_by_its_hint(&local, &run, &mended);
    assert!(local.tokens().is_empty());
}

#[test]
fn too_many_calls() {
    let limited = |seconds: &str| {
        let after = format!("retry-after: {seconds}\r\n");
        answer("429 Too Many Requests", "text/plain", &after, "error code: 1015")
    };
    // Longer than anybody waits: said at once.
    let (local, proxy) = {
        let answer = limited("3600");
        behind(move |_, _| Deed::Answer(answer.clone()))
    };
    let run = local.run("token list").failed(4);
    assert!(run.took < Duration::from_secs(5), "{:?}", run.took);
    assert_eq!(proxy.seen().len(), 1);
    shows!("limited_list", run);
    let run = local.run(CREATE).failed(4);
    nothing_is_left(&local, &run);
    // Short: waited, told, and then it works.
    let answer = limited("1");
    let rule = move |_: &str, number| if number == 1 { Deed::Answer(answer.clone()) } else { Deed::Forward };
    let (local, _proxy) = behind(rule);
    let run = local.run(CREATE).ended(0);
    assert_eq!(local.tokens().len(), 1);
    timeless(|| assert!(run.stderr.contains("trying again in"), "{}", run.shown()));
}

#[test]
fn failing_always_with_500() {
    let page = answer("500 Internal Server Error", "application/json", "", "{\"success\":false,\"errors\":[]}");
    let local = through(page);
    timeless(|| shows!("failing_500", local.run("token list").failed(4)));
    // A creation finds out before anything is minted.
    let run = local.run(CREATE).failed(4);
    nothing_is_left(&local, &run);
}

#[test]
fn failing_always_with_502() {
    let page = answer("502 Bad Gateway", "text/html", "", "<html>bad</html>");
    let local = through(page.clone());
    timeless(|| shows!("failing_502", local.run("token list").failed(4)));
    // A minting that was answered so may have been carried out, and the list that would tell fails as well.
    let (local, _proxy) = fails_from_the_minting_on(page);
    let run = local.run(CREATE).failed(5);
    nothing_is_left(&local, &run);
    timeless(|| shows!("failing_502_create", run));
}

#[test]
fn failing_once_is_not_noticed_by_a_read() {
    let rule = |_: &str, number| match number {
        1 => Deed::Answer(answer("503 Service Unavailable", "text/html", "", "busy")),
        _ => Deed::Forward,
    };
    let (local, _proxy) = behind(rule);
    local.run("token list").ended(0).says("trying again in");
}

#[test]
fn a_proxy_that_repeats_the_credential_does_not_get_it_printed() {
    let local = Local::start();
    let body = format!("your key is {} and we keep it", local.facts.global_key);
    for (status, kind) in [("200 OK", "text/html"), ("403 Forbidden", "text/plain"), ("500 Oh", "text/plain")] {
        let proxy = Proxy::answering(answer(status, kind, "", &body));
        // The support fails the run if the key is anywhere in it.
        local.type_("token list").env("CLOUDFLARE_API_BASE_URL", &proxy.api_url()).run().failed(4);
    }
    let error = serde_json::json!({"success": false, "errors": [{"code": 1, "message": body}], "result": null});
    let proxy = Proxy::answering(answer("400 Bad", "application/json", "", &error.to_string()));
    local.type_("token list").env("CLOUDFLARE_API_BASE_URL", &proxy.api_url()).run();
}
