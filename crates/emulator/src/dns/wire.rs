//! Packets in, packets out. Whatever the bytes are, they are answered or passed over.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};

use super::resolver::resolve;
use crate::state::State;

/// What fits into a packet where the asker says nothing.
const PLAIN: u16 = 512;
/// What is sent in one packet at most (the DNS flag day of 2020).
const LARGEST: u16 = 1_232;

/// How a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// A packet, of a limited size.
    Udp,
    /// A stream.
    Tcp,
}

/// The answer to a packet; none to what is no question.
pub(crate) fn answer(state: &State, packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let Ok(asked) = Message::from_vec(packet) else { return unreadable(packet) };
    if asked.metadata.message_type != MessageType::Query {
        return None;
    }
    let response = respond(state, &asked);
    let written = response.to_vec().ok()?;
    let limit = match transport {
        Transport::Udp => {
            usize::from(asked.edns.as_ref().map_or(PLAIN, |edns| edns.max_payload().clamp(PLAIN, LARGEST)))
        }
        Transport::Tcp => usize::from(u16::MAX),
    };
    if written.len() <= limit { Some(written) } else { response.truncate().to_vec().ok() }
}

fn respond(state: &State, asked: &Message) -> Message {
    let head = &asked.metadata;
    let mut response = Message::response(head.id, head.op_code);
    response.metadata.recursion_desired = head.recursion_desired;
    response.metadata.recursion_available = true;
    response.queries.clone_from(&asked.queries);
    if asked.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST);
        response.set_edns(edns);
    }
    response.metadata.response_code = match asked.queries.as_slice() {
        _ if head.op_code != OpCode::Query => ResponseCode::NotImp,
        _ if asked.edns.as_ref().is_some_and(|edns| edns.version() > 0) => ResponseCode::BADVERS,
        [query] if query.query_class != DNSClass::IN => ResponseCode::Refused,
        [query] if matches!(query.query_type, RecordType::AXFR | RecordType::IXFR) => ResponseCode::Refused,
        [query] => {
            let resolved = resolve(state, &query.name, query.query_type);
            response.metadata.authoritative = resolved.authoritative;
            response.answers = resolved.answers;
            response.authorities = resolved.authority.into_iter().collect();
            resolved.code
        }
        _ => ResponseCode::FormErr,
    };
    response
}

/// What is a question by its first bytes, but no message, is told so.
fn unreadable(packet: &[u8]) -> Option<Vec<u8>> {
    let [first, second, flags, ..] = packet else { return None };
    let is_answer = flags & 0x80 != 0;
    if is_answer || packet.len() < 12 {
        return None;
    }
    Message::error_msg(u16::from_be_bytes([*first, *second]), OpCode::Query, ResponseCode::FormErr).to_vec().ok()
}

#[cfg(test)]
mod tests;
