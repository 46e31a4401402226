//! Errors of R2's S3 face as tools write them: awscli and boto3, rclone, s5cmd, s3cmd, the AWS SDKs.

use super::clean;
use crate::refusal::Said;

/// S3's words that a refusal or a wrong place has (R2's documentation: r2/api/error-codes; S3's list for the rest).
const S3_WORDS: &[&str] = &[
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "BucketAlreadyExists",
    "ExpiredRequest",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidToken",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchKey",
    "NotEntitled",
    "NotImplemented",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "SlowDown",
    "TooManyRequests",
    "Unauthorized",
];

/// One of S3's words in a line, with its message and the operation that the line names.
pub(super) fn said(line: &str) -> Option<(Said, Option<&str>)> {
    named(line).or_else(|| bodiless(line))
}

/// The status that an answer without a body has in a line of boto3's or awscli's:
/// `An error occurred (403) when calling the HeadObject operation: Forbidden`.
pub(super) fn status(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("An error occurred (")?;
    let (status, rest) = rest.split_once(')')?;
    let status = status.parse().ok().filter(|status| (400..600).contains(status))?;
    rest.starts_with(" when calling the ").then_some(status)
}

/// What such a line says: the status in S3's word, where there is one.
fn bodiless(line: &str) -> Option<(Said, Option<&str>)> {
    let word = match status(line)? {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        _ => "BadRequest",
    };
    let (_, rest) = line.split_once(" when calling the ")?;
    let (operation, message) = rest.split_once(" operation")?;
    let said = Said { word: Some(word.to_owned()), message: clean::message(message), ..Said::default() };
    Some((said, is_name(operation).then_some(operation)))
}

fn is_name(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn named(line: &str) -> Option<(Said, Option<&str>)> {
    let whole = |at: usize, word: &str| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let behind = line.get(at + word.len()..).unwrap_or_default();
        let closes = behind.starts_with([':', ')', '<', '\'', '"', ',']) || behind.is_empty();
        !letter(line.get(..at).unwrap_or_default().chars().next_back()) && closes
    };
    let (at, found) =
        S3_WORDS.iter().filter_map(|word| line.find(word).filter(|at| whole(*at, word)).map(|at| (at, *word))).min()?;
    let behind = line.get(at + found.len()..)?;
    let calling = behind.split_once("when calling the ").and_then(|(_, rest)| rest.split_once(" operation"));
    let go = line.split_once("operation error S3: ").and_then(|(_, rest)| rest.split_once(','));
    let operation = calling.or(go).map(|(name, _)| name).filter(|name| is_name(name));
    let message = match calling {
        Some((_, rest)) => rest,
        None => behind,
    };
    let message = message.split(['{', '<']).next().unwrap_or_default();
    let message = message.split("status code:").next().unwrap_or_default();
    let found_said = Said { word: Some(found.to_owned()), message: clean::message(message), ..Said::default() };
    // `401 Unauthorized` is a status everywhere: only a message behind it makes it one of S3's errors.
    let of_s3 = calling.is_some() || line.contains("S3") || behind.starts_with(": Unauthorized");
    (found != "Unauthorized" || of_s3).then_some((found_said, operation))
}

#[cfg(test)]
mod tests {
    use super::said as read;

    #[test]
    fn s3s_words_come_with_the_operation() {
        let (said, operation) =
            read("An error occurred (AccessDenied) when calling the ListBuckets operation: Access Denied").unwrap();
        assert_eq!(
            (said.word.as_deref(), said.message.as_str(), operation),
            (Some("AccessDenied"), "Access Denied", Some("ListBuckets"))
        );
        let go = "operation error S3: PutObject, https response error StatusCode: 403, RequestID: , api error AccessDenied: Access Denied";
        assert_eq!(
            read(go).map(|(said, operation)| (said.message, operation)),
            Some(("Access Denied".to_owned(), Some("PutObject")))
        );
        assert_eq!(read("HTTP/2 401 Unauthorized"), None);
        assert_eq!(read("MyAccessDenied: x"), None);
    }
}
