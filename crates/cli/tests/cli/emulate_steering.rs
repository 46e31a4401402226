//! What tests steer `flarekeep emulate` with: its options, and the calls below `/__flarekeep/`.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::emulate::Emulator;
use crate::support::{Home, shows};

/// One call without a credential: its status and its JSON.
fn call(emulator: &Emulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let host = emulator.text("api").trim_start_matches("http://").trim_end_matches("/client/v4");
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn the_start_has_a_time_faults_and_tokens() {
    let home = Home::new();
    home.write("faults.toml", "[[rule]]\nmatch = { path = '/user', first = 1 }\nanswer = { status = 503 }\n");
    home.write(
        "world.toml",
        "[[account]]\nname = 'Acme'\n[[user]]\nemail = 'ada@example.com'\n[[zone]]\nname = 'example.com'\n\
         [[token]]\nname = 'ci'\n[[token.policy]]\ngroups = ['DNS Write']\nresources = ['zone:example.com']\n",
    );
    let options = "--now 2100-01-01T00:00:00Z --faults faults.toml --world world.toml --quiet";
    let emulator = Emulator::start(&home, options);
    assert_eq!(emulator.facts["tokens"][0]["name"], "ci");
    assert!(emulator.facts["tokens"][0]["value"].as_str().unwrap().starts_with("cfat_"));
    let (_, clock) = call(&emulator, "GET", "/__flarekeep/clock", "");
    assert!(clock["result"]["now"].as_str().unwrap().starts_with("2100-01-01T00:0"), "{clock}");
    assert_eq!(call(&emulator, "GET", "/client/v4/user", "").0, 503);
    assert_eq!(call(&emulator, "GET", "/client/v4/user", "").0, 400, "no credential");
    let (_, decisions) = call(&emulator, "GET", "/__flarekeep/decisions", "");
    assert_eq!(decisions["result"]["decisions"][0]["cause"], "no-credential");
    assert_eq!(call(&emulator, "POST", "/__flarekeep/reset", "").0, 200);
    assert_eq!(call(&emulator, "GET", "/client/v4/user", "").0, 503, "the faults of the start are back");
}

#[test]
fn what_cannot_be_meant_is_said_before_the_start() {
    let home = Home::new();
    let emulate = "emulate --listen 127.0.0.1:0";
    home.write("faults.toml", "[[rule]]\nname = 'flaky'\nmatch = { path = '/zones/**x' }\ndelay = '1s'\n");
    shows!("emulate_faults_bad_glob", home.run(&format!("{emulate} --faults faults.toml")).ended(2));
    home.write("two.toml", "[[rule]]\nname = 'flaky'\ndelay = '1s'\ncut = true\n");
    shows!("emulate_faults_two_actions", home.run(&format!("{emulate} --faults two.toml")).ended(2));
    shows!("emulate_faults_missing", home.run(&format!("{emulate} --faults nowhere.toml")).ended(2));
    shows!("emulate_now_bad", home.run(&format!("{emulate} --now tomorrow")).ended(2));
    home.write(
        "world.toml",
        "[[account]]\nname = 'Acme'\n[[user]]\nemail = 'a@b.c'\n[[zone]]\nname = 'example.com'\n\
         [[dns_record]]\ntype = 'A'\nname = 'www'\ncontent = 'nowhere'\n",
    );
    shows!("emulate_world_bad_record", home.run(&format!("{emulate} --world world.toml")).ended(2));
}
