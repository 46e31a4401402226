use std::sync::LazyLock;

use hickory_proto::op::Query;
use hickory_proto::rr::Name;
use proptest::prelude::*;

use super::*;
use crate::dns::foreign::Foreign;
use crate::world::World;

/// A world with a foreign name; what the zones' records answer is tested where records are made, over the wire.
static STATE: LazyLock<State> = LazyLock::new(|| {
    let mut state = State::new(World::generated());
    let long = "x".repeat(200);
    for number in 0..10 {
        let record = Foreign { kind: "TXT".to_owned(), content: format!("{long}{number}") };
        state.foreign_dns.insert("long.acme.org", record);
    }
    let record = Foreign { kind: "A".to_owned(), content: "192.0.2.1".to_owned() };
    state.foreign_dns.insert("www.acme.org", record);
    state
});

fn asked(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn told(message: &Message, transport: Transport) -> Message {
    let written = answer(&STATE, &message.to_vec().unwrap(), transport).unwrap();
    Message::from_vec(&written).unwrap()
}

#[test]
fn questions_are_answered_under_their_own_id_and_spelling() {
    let answer = told(&asked("WwW.acme.org.", RecordType::A), Transport::Udp);
    assert_eq!((answer.metadata.id, answer.metadata.response_code), (7, ResponseCode::NoError));
    assert_eq!(answer.queries[0].name.to_ascii(), "WwW.acme.org.");
    assert_eq!(answer.answers[0].name.to_ascii(), "WwW.acme.org.");
    assert_eq!(answer.answers[0].data.to_string(), "192.0.2.1");
    assert!(answer.metadata.recursion_available && !answer.metadata.truncation);
    let none = told(&asked("www.acme.org.", RecordType::AAAA), Transport::Udp);
    assert_eq!((none.metadata.response_code, none.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(told(&asked("acme.org.", RecordType::A), Transport::Udp).metadata.response_code, ResponseCode::NoError);
    assert_eq!(told(&asked("no.org.", RecordType::A), Transport::Udp).metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn what_does_not_fit_is_asked_for_again_over_a_stream() {
    let question = asked("long.acme.org.", RecordType::TXT);
    let cut = told(&question, Transport::Udp);
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let whole = told(&question, Transport::Tcp);
    assert_eq!((whole.metadata.truncation, whole.answers.len()), (false, 10));
    let mut roomy = question;
    let mut edns = Edns::new();
    edns.set_max_payload(4_096);
    roomy.set_edns(edns);
    let cut = told(&roomy, Transport::Udp);
    assert!(cut.metadata.truncation && cut.edns.is_some());
}

#[test]
fn what_is_not_served_is_said() {
    let code = |change: fn(&mut Message)| {
        let mut message = asked("www.acme.org.", RecordType::A);
        change(&mut message);
        told(&message, Transport::Udp).metadata.response_code
    };
    assert_eq!(code(|message| message.metadata.op_code = OpCode::Update), ResponseCode::NotImp);
    assert_eq!(code(|message| message.queries[0].query_class = DNSClass::CH), ResponseCode::Refused);
    assert_eq!(code(|message| message.queries[0].query_type = RecordType::AXFR), ResponseCode::Refused);
    assert_eq!(code(|message| message.queries.clear()), ResponseCode::FormErr);
    assert_eq!(code(|message| message.queries[0].query_type = RecordType::Unknown(65_280)), ResponseCode::NoError);
    let answer_to_none = Message::response(7, OpCode::Query).to_vec().unwrap();
    assert_eq!(answer(&STATE, &answer_to_none, Transport::Udp), None);
    assert_eq!(answer(&STATE, b"", Transport::Udp), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any bytes get an answer that can be read, or none.
    #[test]
    fn any_packet_is_survived(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
        for transport in [Transport::Udp, Transport::Tcp] {
            if let Some(written) = answer(&STATE, &packet, transport) {
                prop_assert!(Message::from_vec(&written).is_ok());
                prop_assert!(transport == Transport::Tcp || written.len() <= usize::from(LARGEST));
            }
        }
    }

    /// So does a question of which some bytes were changed.
    #[test]
    fn any_damage_is_survived(
        kind: u16, damage in proptest::collection::vec((0_usize..64, any::<u8>()), 0..6), cut in 0_usize..64,
    ) {
        let mut packet = asked("a.long.acme.org.", RecordType::from(kind)).to_vec().unwrap();
        for (at, byte) in damage {
            if let Some(place) = packet.get_mut(at) {
                *place = byte;
            }
        }
        packet.truncate(packet.len().saturating_sub(cut / 8));
        if let Some(written) = answer(&STATE, &packet, Transport::Udp) {
            prop_assert!(Message::from_vec(&written).is_ok());
        }
    }
}
