//! Which operation of R2's S3 face a request is: told by the method, by what the path names and by the query.

use flarekeep_catalogue::{Method, Operation, names_s3_part, operations};

use super::target::S3Target;

/// The operations of the S3 face, and what tells each one apart.
#[derive(Clone)]
pub(super) struct S3Face(Vec<Row>);

#[derive(Clone)]
struct Row {
    operation: &'static Operation,
    level: Level,
    /// The keys that its query must hold.
    keys: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Account,
    Bucket,
    Object,
}

impl S3Face {
    /// Takes them from the catalogue, whose templates say it all: `s3://{bucket_name}?list-type=2`.
    pub(super) fn new() -> Self {
        let rows = operations().iter().filter_map(|operation| {
            let (path, query) =
                operation.path().strip_prefix("s3://").map(|rest| rest.split_once('?').unwrap_or((rest, "")))?;
            let level = match path.split('/').filter(|segment| !segment.is_empty()).count() {
                0 => Level::Account,
                1 => Level::Bucket,
                _ => Level::Object,
            };
            Some(Row { operation, level, keys: keys(query).map(|(key, _)| key).collect() })
        });
        Self(rows.collect())
    }

    /// The operation; none where the query asks for something that R2 does not have, or nobody knows of.
    pub(super) fn operation(&self, method: Method, head: bool, target: &S3Target<'_>) -> Option<&'static Operation> {
        let level = match (target.bucket, target.object) {
            (None, _) => Level::Account,
            (Some(_), false) => Level::Bucket,
            (Some(_), true) => Level::Object,
        };
        let alike = |row: &&Row| row.operation.method == method && row.level == level;
        let asked = |wanted: &str| keys(target.query).any(|(key, _)| key == wanted);
        let best = self
            .0
            .iter()
            .filter(alike)
            .filter(|row| row.keys.iter().all(|wanted| asked(wanted)))
            .max_by_key(|row| row.keys.len())?;
        let other = |(key, value): (&str, Option<&str>)| names_s3_part(key, value) && !best.keys.contains(&key);
        if keys(target.query).any(other) {
            return None;
        }
        // The older listing has no key of its own; who may list may list in both ways.
        if level == Level::Bucket && method == Method::Get && !head && best.keys.is_empty() {
            return self.0.iter().filter(alike).find(|row| row.keys == ["list-type"]).map(|row| row.operation);
        }
        Some(best.operation)
    }
}

fn keys(query: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (pair, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_path_and_query_tell_the_operations_apart() {
        let face = S3Face::new();
        let name = |method: &str, bucket: Option<&str>, object: bool, query: &str| {
            let target = S3Target { account: None, jurisdiction: "default", bucket, object, query };
            let found = face.operation(method.parse().unwrap(), method == "HEAD", &target);
            found.map_or("none", Operation::operation_id)
        };
        let bucket = Some("media");
        assert_eq!(name("GET", None, false, ""), "ListBuckets");
        assert_eq!(name("HEAD", bucket, false, ""), "HeadBucket");
        assert_eq!(name("GET", bucket, false, "list-type=2&prefix=a"), "ListObjectsV2");
        assert_eq!(name("GET", bucket, false, "prefix=&delimiter=/"), "ListObjectsV2");
        assert_eq!(name("GET", bucket, false, "uploads"), "ListMultipartUploads");
        assert_eq!(name("GET", bucket, false, "uploads="), "ListMultipartUploads");
        assert_eq!(name("GET", bucket, false, "acl"), "none");
        assert_eq!(name("POST", bucket, false, "delete"), "DeleteObjects");
        assert_eq!(name("PUT", bucket, false, ""), "CreateBucket");
        assert_eq!(name("PUT", bucket, false, "cors"), "PutBucketCors");
        for query in ["tagging", "tagging=", "versioning=&x-id=PutBucketVersioning", "acl=private"] {
            assert_eq!(name("PUT", bucket, false, query), "none", "{query}");
        }
        assert_eq!(name("PUT", bucket, false, "cors=&x-id=PutBucketCors"), "PutBucketCors");
        assert_eq!(name("GET", bucket, true, "versionId=1&partNumber=2"), "GetObject");
        assert_eq!(name("HEAD", bucket, true, ""), "GetObject");
        assert_eq!(name("GET", bucket, true, "x-id=GetObject"), "GetObject");
        assert_eq!(name("PUT", bucket, true, ""), "PutObject");
        assert_eq!(name("PUT", bucket, true, "partNumber=1&uploadId=x"), "UploadPart");
        assert_eq!(name("POST", bucket, true, "uploads"), "CreateMultipartUpload");
        assert_eq!(name("POST", bucket, true, "uploadId=x"), "CompleteMultipartUpload");
        assert_eq!(name("DELETE", bucket, true, "uploadId=x"), "AbortMultipartUpload");
        assert_eq!(name("DELETE", bucket, true, "tagging"), "none");
    }

    #[test]
    fn every_operation_is_found_by_its_own_template() {
        let face = S3Face::new();
        for row in &face.0 {
            let query = row.operation.path().split_once('?').map_or("", |(_, query)| query);
            let target = S3Target {
                account: None,
                jurisdiction: "default",
                bucket: (row.level != Level::Account).then_some("media"),
                object: row.level == Level::Object,
                query,
            };
            let found = face.operation(row.operation.method, true, &target);
            assert_eq!(found, Some(row.operation));
        }
    }
}
