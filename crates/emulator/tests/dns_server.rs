//! The DNS server, asked over UDP and TCP as any resolver does.

mod common;

use std::net::SocketAddr;

use common::{Local, unlimited};
use flarekeep_emulator::{Emulator, Server, World};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

struct Asked {
    local: Local,
    dns: SocketAddr,
    /// Serves DNS as long as it lives.
    _running: flarekeep_emulator::Running,
}

impl Asked {
    async fn start() -> Self {
        let emulator = Emulator::new(World::generated(), unlimited());
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut running = Server::start(emulator.clone(), any).await.unwrap();
        assert_eq!(running.dns_address(), None);
        running.serve_dns(&emulator, any).await.unwrap();
        let dns = running.dns_address().unwrap();
        Self { local: Local::serve(emulator).await, dns, _running: running }
    }

    async fn record(&self, body: Value) {
        self.local.admin("POST", "/zones/{Z}/dns_records").json(&body).send().await.result();
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Message {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(&question(name, kind), self.dns).await.unwrap();
        let mut buffer = [0; 2_048];
        let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }

    /// The code, and `owner TYPE data` for each answer.
    async fn told(&self, name: &str, kind: RecordType) -> (ResponseCode, Vec<String>) {
        let message = self.ask(name, kind).await;
        let answers = message.answers.iter();
        let answers = answers.map(|record| format!("{} {} {}", record.name, record.record_type(), record.data));
        (message.metadata.response_code, answers.collect())
    }
}

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::new(4_711, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

const OK: ResponseCode = ResponseCode::NoError;
const NONE: ResponseCode = ResponseCode::NXDomain;

#[tokio::test]
async fn zones_are_answered_from_their_records() {
    let asked = Asked::start().await;
    asked.record(json!({"type": "A", "name": "www", "content": "192.0.2.1", "ttl": 120})).await;
    asked.record(json!({"type": "AAAA", "name": "www", "content": "100::", "ttl": 1})).await;
    asked.record(json!({"type": "CNAME", "name": "alias", "content": "www.example.com"})).await;
    asked.record(json!({"type": "CNAME", "name": "out", "content": "elsewhere.org"})).await;
    asked.record(json!({"type": "CNAME", "name": "loop", "content": "round.example.com"})).await;
    asked.record(json!({"type": "CNAME", "name": "round", "content": "loop.example.com"})).await;
    asked.record(json!({"type": "A", "name": "p", "content": "192.0.2.9", "proxied": true, "ttl": 1})).await;
    asked.record(json!({"type": "TXT", "name": "_acme-challenge", "content": "token", "ttl": 120})).await;
    asked.record(json!({"type": "MX", "name": "@", "content": "mail.example.com", "priority": 10})).await;
    asked.record(json!({"type": "A", "name": "a.b.deep", "content": "192.0.2.2"})).await;
    let told = async |name: &str, kind| asked.told(name, kind).await;

    assert_eq!(told("WWW.example.com.", RecordType::A).await, (OK, vec!["WWW.example.com. A 192.0.2.1".to_owned()]));
    assert_eq!(told("www.example.com.", RecordType::MX).await, (OK, vec![]));
    assert_eq!(told("nothing.example.com.", RecordType::A).await, (NONE, vec![]));
    // Names between others exist and hold nothing.
    assert_eq!(told("b.deep.example.com.", RecordType::A).await, (OK, vec![]));
    assert_eq!(
        told("alias.example.com.", RecordType::AAAA).await.1,
        ["alias.example.com. CNAME www.example.com.", "www.example.com. AAAA 100::"]
    );
    assert_eq!(told("alias.example.com.", RecordType::CNAME).await.1, ["alias.example.com. CNAME www.example.com."]);
    assert_eq!(
        told("out.example.com.", RecordType::A).await,
        (OK, vec!["out.example.com. CNAME elsewhere.org.".to_owned()])
    );
    assert!(told("loop.example.com.", RecordType::A).await.1.len() <= 8);
    assert_eq!(told("p.example.com.", RecordType::A).await.1, ["p.example.com. A 127.0.0.1"]);
    assert_eq!(
        told("_acme-challenge.example.com.", RecordType::TXT).await.1,
        ["_acme-challenge.example.com. TXT token"]
    );
    assert_eq!(told("example.com.", RecordType::MX).await.1, ["example.com. MX 10 mail.example.com."]);
    assert_eq!(told("example.com.", RecordType::NS).await.1.len(), 2);
    let soa = asked.ask("nothing.example.com.", RecordType::A).await;
    assert!(soa.metadata.authoritative);
    assert_eq!(soa.authorities[0].record_type(), RecordType::SOA);
    assert_eq!(told("example.com.", RecordType::SOA).await.1.len(), 1);
}

#[tokio::test]
async fn a_record_of_any_type_stops_the_wildcard_at_and_below_its_name() {
    let asked = Asked::start().await;
    asked.record(json!({"type": "A", "name": "*", "content": "192.0.2.1"})).await;
    asked.record(json!({"type": "TXT", "name": "mail", "content": "here"})).await;
    asked.record(json!({"type": "A", "name": "*.sub", "content": "192.0.2.2"})).await;
    let one = async |name: &str| asked.told(name, RecordType::A).await;
    assert_eq!(one("any.example.com.").await.1, ["any.example.com. A 192.0.2.1"]);
    assert_eq!(one("a.b.example.com.").await.1, ["a.b.example.com. A 192.0.2.1"]);
    assert_eq!(one("mail.example.com.").await, (OK, vec![]));
    assert_eq!(one("below.mail.example.com.").await, (NONE, vec![]));
    assert_eq!(one("x.sub.example.com.").await.1, ["x.sub.example.com. A 192.0.2.2"]);
    assert_eq!(one("sub.example.com.").await, (OK, vec![]));
}

#[tokio::test]
async fn streams_carry_several_questions_and_hostile_ones_end_alone() {
    let asked = Asked::start().await;
    asked.record(json!({"type": "A", "name": "www", "content": "192.0.2.1"})).await;
    let mut hostile = TcpStream::connect(asked.dns).await.unwrap();
    hostile.write_all(&[0, 3, 1, 2, 3]).await.unwrap();
    assert_eq!(hostile.read(&mut [0; 16]).await.unwrap(), 0);
    let mut stream = TcpStream::connect(asked.dns).await.unwrap();
    for _ in 0..3 {
        let packet = question("www.example.com.", RecordType::A);
        stream.write_u16(u16::try_from(packet.len()).unwrap()).await.unwrap();
        stream.write_all(&packet).await.unwrap();
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        let answer = Message::from_vec(&answer).unwrap();
        assert_eq!((answer.metadata.id, answer.answers.len()), (4_711, 1));
    }
}
