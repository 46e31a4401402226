use super::*;
use crate::refusal::{CredentialForm, Tool};

const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";

fn shown(text: &str) -> Vec<String> {
    let text = text.replace("$Z", ZONE);
    let one = |refusal: &Refusal| {
        let place = refusal.operation.map_or_else(
            || {
                format!(
                    "{} {}",
                    refusal.method.map_or("?", |method| method.as_str()),
                    refusal.path.as_deref().unwrap_or("?")
                )
            },
            ToString::to_string,
        );
        let codes: Vec<String> = refusal
            .errors
            .iter()
            .map(|said| match (&said.word, said.code) {
                (Some(word), _) => word.clone(),
                (None, Some(code)) => code.to_string(),
                (None, None) => format!("`{}`", said.message),
            })
            .collect();
        let status = refusal.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        format!("{} {place} {status} {}", refusal.line.unwrap_or_default(), codes.join("+"))
    };
    read(&text).iter().map(one).collect()
}

#[test]
fn a_bare_body_is_a_refusal() {
    assert_eq!(
        shown(r#"{"success":false,"errors":[{"code":9109,"message":"Invalid access token"}]}"#),
        ["1 ? ? - 9109"]
    );
    assert_eq!(shown("{\n \"errors\": [\n  {\"code\": 10000, \"message\": \"Forbidden\"}\n ]\n}\n"), ["1 ? ? - 10000"]);
    assert_eq!(shown("nothing here"), [""; 0]);
}

#[test]
fn curls_output_is_put_together() {
    let text = "$ curl -v https://api.cloudflare.com/client/v4/zones/$Z/dns_records -H \"Authorization: Bearer $T\"\n\
        > GET /client/v4/zones/$Z/dns_records HTTP/2\n> Host: api.cloudflare.com\n> Authorization: Bearer \"x\"\n>\n\
        < HTTP/2 400\n< retry-after: 7\n<\n\
        {\"success\":false,\"errors\":[{\"code\":6003,\"message\":\"Invalid request headers\",\"error_chain\":[{\"code\":6111,\"message\":\"Invalid format for Authorization header\"}]}]}";
    assert_eq!(shown(text), ["1 GET /zones/{zone_id}/dns_records 400 6003+6111"]);
    let refusal = &read(&text.replace("$Z", ZONE))[0];
    assert_eq!(refusal.retry_after, Some(7));
    assert_eq!(refusal.tool, Some(Tool::Curl));
    assert_eq!(refusal.credential, Some(CredentialForm::Malformed("a double quote at 1".to_owned())));
}

#[test]
fn several_refusals_of_one_text_are_told_apart() {
    let text = "GET \"https://api.cloudflare.com/client/v4/zones/$Z/dns_records\": 403 Forbidden {\"errors\":[{\"code\":10000,\"message\":\"Authentication error\"}]}\n\
        PUT \"https://api.cloudflare.com/client/v4/zones/$Z/settings/ssl\": 403 Forbidden {\"errors\":[{\"code\":9109,\"message\":\"Unauthorized to access requested resource\"}]}\n\
        HTTP Request: GET https://api.cloudflare.com/client/v4/user/tokens/verify \"HTTP/1.1 200 OK\"\n";
    let twice = format!("{text}{text}");
    let expected =
        ["1 GET /zones/{zone_id}/dns_records 403 10000", "2 PATCH /zones/{zone_id}/settings/{setting_id} 403 9109"];
    let read = shown(&twice);
    assert_eq!(read.len(), 2, "{read:?}");
    assert_eq!(read[0], expected[0]);
    assert!(read[1].starts_with("2 PUT ") && read[1].ends_with(" 403 9109"), "{read:?}");
}

#[test]
fn a_body_within_a_log_of_json_is_found() {
    let text = r#"{"level":"error","@message":"PUT https://api.cloudflare.com/client/v4/zones/$Z/dns_records/372e67954025e0ba6aaa6d586b9e0b59: 403 Forbidden {\"success\":false,\"errors\":[{\"code\":10000,\"message\":\"Authentication error\",\"documentation_url\":\"https://developers.cloudflare.com/api/x\"}]}"}"#;
    assert_eq!(shown(text), ["1 PUT /zones/{zone_id}/dns_records/{dns_record_id} 403 10000"]);
    let page = read(text)[0].errors[0].documentation_url.clone();
    assert_eq!(page.as_deref(), Some("https://developers.cloudflare.com/api/x"));
}

#[test]
fn the_edges_problem_document_says_how_long_to_wait() {
    let refusal = &read(
        r#"{"type":"x","title":"Error 1015: You are being rate limited","status":429,"error_code":1015,"retry_after":30}"#,
    )[0];
    assert_eq!((refusal.status, refusal.retry_after, refusal.errors[0].code), (Some(429), Some(30), Some(1015)));
    assert_eq!(shown("error code: 1015"), ["1 ? ? - 1015"]);
}

#[test]
fn s3s_addresses_name_account_and_bucket() {
    let text = "> PUT /media/a.png HTTP/1.1\n> Host: 023e105f4ecef8ad9ca31a8372d0c353.eu.r2.cloudflarestorage.com\n< HTTP/1.1 403 Forbidden\n\
        <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    assert_eq!(shown(text), ["1 PUT s3://{bucket_name}/{object_key} 403 AccessDenied"]);
    let bucket = read(text)[0].target.bucket.clone().unwrap();
    assert_eq!((bucket.jurisdiction.as_str(), bucket.name.as_str()), ("eu", "media"));
}

#[test]
fn an_endpoint_and_a_bucket_are_put_together() {
    let text = "$ aws s3 cp a.txt s3://media/a.txt --endpoint-url https://023e105f4ecef8ad9ca31a8372d0c353.r2.cloudflarestorage.com\n\
        upload failed: ./a.txt to s3://media/a.txt An error occurred (AccessDenied) when calling the PutObject operation: Access Denied";
    assert_eq!(shown(text), ["1 PUT s3://{bucket_name}/{object_key} - AccessDenied"]);
    let refusal = &read(text)[0];
    assert_eq!(refusal.path.as_deref(), Some("/media/a.txt"));
    assert_eq!(refusal.target.bucket.as_ref().map(|bucket| bucket.name.as_str()), Some("media"));
    assert_eq!(
        shown(
            "ERROR \"cp a.txt s3://media/a.txt\": AccessDenied: Access Denied status code: 403, request id: , host id: "
        ),
        ["1 ? /media/a.txt 403 AccessDenied"]
    );
}

#[test]
fn what_curl_and_rclone_wrote_of_a_local_cloudflare_is_read() {
    // As curl 7.88, rclone 1.60 and awscli 1.45 wrote it before the emulator.
    let curl = "  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying 127.0.0.1:44557...\n\
        * Connected to 127.0.0.1 (127.0.0.1) port 44557 (#0)\n> GET /client/v4/zones/$Z HTTP/1.1\n> Host: 127.0.0.1:44557\n\
        > Accept: */*\n>\n< HTTP/1.1 400 Bad Request\n< content-length: 185\n<\n{ [185 bytes data]\n\
        100   149  100   104  100    45  20520   8879 --:--:-- --:--:-- --:--:-- 29800\n\
        * Connection #0 to host 127.0.0.1 left intact\n\
        {\"success\":false,\"errors\":[{\"code\":9106,\"message\":\"Missing X-Auth-Key, X-Auth-Email or Authorization headers\"}]}";
    assert_eq!(shown(curl), ["3 GET /zones/{zone_id} 400 9106"]);
    assert_eq!(read(curl)[0].credential, Some(CredentialForm::Absent));
    let stripped =
        curl.replace("9106", "10000").replace("Missing X-Auth-Key, X-Auth-Email or Authorization headers", "x");
    assert_eq!(read(&stripped)[0].credential, None);
    let rclone = "2026/11/22 23:15:49 DEBUG : HTTP REQUEST (req 0xc0007f2600)\n2026/11/22 23:15:49 DEBUG : GET / HTTP/1.1\n\
        Host: 127.0.0.1:45481\nAuthorization: XXXX\n\n2026/11/22 23:15:49 DEBUG : HTTP RESPONSE (req 0xc0007f2600)\n\
        2026/11/22 23:15:49 DEBUG : HTTP/1.1 403 Forbidden\nContent-Type: application/xml\n\n\
        2026/11/22 23:15:49 ERROR : : error listing: AccessDenied: Access Denied\n\tstatus code: 403, request id: , host id:\n\
        2026/11/22 23:15:49 Failed to lsd with 2 errors: last error was: AccessDenied: Access Denied\n\tstatus code: 403, request id: , host id:";
    assert_eq!(shown(rclone), ["2 GET s3:// 403 AccessDenied"]);
    let aws = "\nAn error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied";
    assert_eq!(shown(aws), ["2 GET s3://{bucket_name}?list-type=2 - AccessDenied"]);
    let head = "2026/11/22 23:15:49 ERROR : Attempt 1/1 failed with 1 errors and: Forbidden: Forbidden\n\tstatus code: 403, request id: , host id:";
    assert_eq!(shown(head), ["2 ? ? 403 "]);
}

#[test]
fn a_path_without_a_method_leaves_several_operations() {
    let text = "✘ [ERROR] A request to the Cloudflare API (/zones/$Z/dns_records) failed.\n\n  Authentication error [code: 10000]\n";
    let refusal = &read(&text.replace("$Z", ZONE))[0];
    assert_eq!((refusal.operation, operations(refusal).len()), (None, 2));
    let words = read(
        "acme: error presenting token: cloudflare: failed to find zone example.com.: ListZonesContext command failed: HTTP status 403: insufficient permissions",
    );
    assert_eq!(operations(&words[0])[0].to_string(), "GET /zones");
}

#[test]
fn what_troubleshooting_tables_name_is_read() {
    for (text, expected) in [
        ("Error: \u{201c}Authentication error (10000)\u{201d}", "1 ? ? - 10000"),
        ("403 Forbidden", "1 ? ? 403 "),
        ("Token not found", "1 ? ? - `Token not found`"),
        ("Rate limit exceeded", "1 ? ? - `Rate limit exceeded`"),
        ("Invalid zone ID", "1 ? ? - `Invalid zone ID`"),
        ("Expired token", "1 ? ? - `Expired token`"),
    ] {
        assert_eq!(shown(text), [expected], "{text}");
    }
}

mod properties {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::super::*;
    use flarekeep_catalogue::is_hostile;

    /// What stands in texts of every kind.
    const PARTS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "\\",
        ",",
        ":",
        "\n",
        "\r\n",
        " ",
        "(",
        ")",
        "<Error>",
        "</Error>",
        "<Code>AccessDenied</Code>",
        "\u{1b}[31m",
        "\u{0}",
        "é",
        "│ ",
        "curl ",
        "-H 'Authorization: Bearer ",
        "> Authorization: Bearer ",
        "X-Auth-Key: ",
        "https://api.cloudflare.com/client/v4/zones/",
        "/accounts/",
        "[code: 10000]",
        "(10000)",
        "code",
        "Error: ",
        "\"errors\":[{\"code\":10000,\"message\":\"",
        "\"error_chain\":[",
        "{Code:6003 Message:",
        "{\\\"success\\\":false",
        "A request to the Cloudflare API (/zones/",
        ") failed.",
        "HTTP/2 403",
        "status: 403",
        "Retry-After: 7",
        "from location: 203.0.113.7",
        "An error occurred (AccessDenied) when calling the ListBuckets operation: ",
        "r2.cloudflarestorage.com/",
        "with cloudflare_record.www,",
        "wrangler deploy",
        "\"message\":\"",
        "\"path\":\"/zones/",
        "documentation_url\":\"https://developers.cloudflare.com/",
        "2023-01-21T11:06:09.8455119Z ",
    ];

    /// A credential as Cloudflare makes them, of every form.
    fn credential() -> impl Strategy<Value = String> {
        prop_oneof![
            "cf(ut|at|k|oat)_[a-zA-Z0-9]{40}[a-f0-9]{8}",
            "[A-Z][0-9][a-zA-Z0-9_-]{36}[a-z][0-9]",
            "[0-9a-f]{36}[0-9]",
            "[0-9][0-9a-f]{63}",
        ]
    }

    fn text(secret: String) -> impl Strategy<Value = String> {
        let part = prop_oneof![
            8 => proptest::sample::select(PARTS).prop_map(str::to_owned),
            2 => Just(secret),
            1 => "[ -~]{0,12}",
        ];
        proptest::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_credential_and_no_control_character_comes_back(
            (secret, text) in credential().prop_flat_map(|secret| (Just(secret.clone()), text(secret)))
        ) {
            let read = read(&text);
            let shown = format!("{read:?}");
            prop_assert!(!shown.contains(&secret), "{shown}");
            for refusal in &read {
                let messages = refusal.errors.iter().map(|said| said.message.as_str());
                for kept in messages.chain(refusal.path.as_deref()) {
                    prop_assert!(!kept.chars().any(is_hostile), "{kept:?}");
                    prop_assert!(kept.chars().count() <= 320);
                }
            }
        }

        #[test]
        fn any_text_is_read(text in any::<String>()) {
            prop_assert!(read(&text).len() <= MOST);
        }
    }

    #[test]
    fn no_text_takes_long() {
        let starts =
            ["{\"a\":", "curl '\n", "curl \\\n", "(1000", "code 1", "[code: 1", "{Code:1", ": 1000 A", "{a:{", "GET "];
        for part in PARTS.iter().chain(&starts) {
            let text = part.repeat((1 << 17) / part.len());
            let start = Instant::now();
            let read = read(&text);
            let took = start.elapsed();
            assert!(read.len() <= MOST, "{part:?}");
            assert!(took < Duration::from_secs(10), "{part:?}: {took:?}");
        }
    }
}

#[test]
fn the_planners_samples_of_whole_logs_are_read() {
    const WRANGLER: &str = include_str!("../../../planner/src/source/log/samples/wrangler.log");
    const TERRAFORM: &str = include_str!("../../../planner/src/source/log/samples/terraform-5.log");
    const TRACE: &str = include_str!("../../../planner/src/source/log/samples/curl-trace.log");
    const PYTHON: &str = include_str!("../../../planner/src/source/log/samples/python.log");
    assert_eq!(shown(WRANGLER), ["14 PUT /accounts/{account_id}/workers/scripts/{script_name} 403 10000"]);
    assert_eq!(shown(TERRAFORM), ["7 POST /zones/{zone_id}/dns_records 403 10000"]);
    assert_eq!(shown(TRACE), ["3 PUT /zones/{zone_id}/dns_records/{dns_record_id} 403 "]);
    // The one before it was repeated, and let through.
    assert_eq!(shown(PYTHON), ["11 PATCH /zones/{zone_id}/settings/{setting_id} 403 ",]);
}

#[test]
fn answers_that_name_their_request_are_its_own() {
    let text = "> GET /client/v4/zones/$Z HTTP/1.1\n: tf_req_id=aa\n> POST /client/v4/zones/$Z/dns_records HTTP/1.1\n: tf_req_id=bb\n\
        < HTTP/2.0 403 Forbidden\n{\"errors\":[{\"code\":9109,\"message\":\"x\"}]}\n: tf_rpc=x tf_req_id=aa\n\
        < HTTP/2.0 403 Forbidden\n{\"errors\":[{\"code\":10000,\"message\":\"x\"}]}\n: tf_rpc=x tf_req_id=bb\n";
    let read = shown(text);
    let told: Vec<&str> = read.iter().filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest).collect();
    assert_eq!(told, ["GET /zones/{zone_id} 403 9109", "POST /zones/{zone_id}/dns_records 403 10000"]);
}

#[test]
fn an_answer_without_a_body_has_a_status_in_botos_words() {
    let text =
        "botocore.exceptions.ClientError: An error occurred (403) when calling the HeadObject operation: Forbidden";
    assert_eq!(shown(text), ["1 GET s3://{bucket_name}/{object_key} 403 Forbidden"]);
    let text = "An error occurred (404) when calling the HeadBucket operation: Not Found";
    assert_eq!(shown(text).len(), 1, "{:?}", shown(text));
    assert_eq!(shown("An error occurred (12) when calling the sheriff"), [""; 0]);
}

#[test]
fn a_linked_page_names_the_operation() {
    let body = |page: &str| {
        format!(
            r#"{{"errors":[{{"code":10000,"message":"Forbidden","documentation_url":"https://developers.cloudflare.com/api/{page}"}}]}}"#
        )
    };
    let workers = "resources/workers/subresources/scripts/methods/update";
    for page in [workers.to_owned(), format!("node/{workers}/"), format!("{workers}?x=y")] {
        let read = shown(&body(&page));
        let expected =
            if page.contains('?') { "? ?" } else { "PUT /accounts/{account_id}/workers/scripts/{script_name}" };
        assert_eq!(read, [format!("1 {expected} - 10000")], "{page}");
    }
    // Of two operations the path tells which.
    let rulesets = body("resources/rulesets/methods/list");
    assert_eq!(shown(&rulesets), ["1 ? ? - 10000"]);
    let called = format!("https://api.cloudflare.com/client/v4/zones/$Z/rulesets 403 Forbidden\n{rulesets}");
    assert_eq!(shown(&called), ["1 GET /zones/{zone_id}/rulesets 403 10000"]);
    // What was called goes before what a page says.
    let called = format!("> DELETE /client/v4/zones/$Z HTTP/2\n< HTTP/2 403\n{}", body(workers));
    assert_eq!(shown(&called), ["1 DELETE /zones/{zone_id} 403 10000"]);
    for page in [
        "resources/workers",
        "resources/nothing/methods/list",
        "",
        "resources//methods/",
        "xresources/zones/methods/list",
    ] {
        assert_eq!(shown(&body(page)), ["1 ? ? - 10000"], "{page}");
    }
}

#[test]
fn pages_of_the_edge_are_refusals() {
    let page = "HTTP/2 403\ncontent-type: text/html\n\n<html><head><title>Attention Required! | Cloudflare</title></head>\n<h1>Sorry, you have been blocked</h1>";
    assert_eq!(shown(page), ["1 ? ? 403 `Attention Required! | Cloudflare`"]);
    assert_eq!(shown("< HTTP/2 403\nerror code: 1020"), ["1 ? ? 403 1020"]);
    assert_eq!(shown("<title>Just a moment...</title>").len(), 1);
    let failed = "GET https://api.cloudflare.com/client/v4/zones 500 Internal Server Error\n{\"errors\":[{\"code\":10000,\"message\":\"x\"}]}";
    assert_eq!(shown(failed), ["1 GET /zones 500 10000"]);
}

#[test]
fn a_zone_that_no_list_holds_is_a_refusal() {
    for text in [
        "Unable to determine zone_id for example.com using zone names: ['example.com', 'com']. Please confirm that the domain name has been entered correctly.",
        "cloudflare: could not find zone for domain \"example.com\"",
        "Error: zone could not be found",
    ] {
        assert_eq!(shown(text).len(), 1, "{text}");
    }
}

/// As rclone 1.60 writes them, its status in the line behind.
#[test]
fn rclones_older_words_are_s3s() {
    let text = "2026/11/23 02:20:18 Failed to lsd with 2 errors: last error was: InvalidArgument: Credential access key has length 53, should be 32\n\tstatus code: 400, request id: , host id: \n";
    assert_eq!(shown(text), ["1 ? ? 400 InvalidArgument"]);
    let text = "2026/11/23 02:20:18 ERROR : : error listing: Unauthorized: Unauthorized\n\tstatus code: 401, request id: , host id: \n";
    assert_eq!(shown(text), ["1 ? ? 401 Unauthorized"]);
}

/// As wrangler 4.164 writes it, whose calls through the SDK it does not name.
#[test]
fn a_command_of_one_call_names_it() {
    let text = "$ npx wrangler kv namespace create n\n\n ⛅️ wrangler 4.164.0\n🌀 Creating namespace with title \"n\"\n\n✘ [ERROR] A request to the Cloudflare API failed.\n\n  Authentication error [code: 10000]\n";
    assert_eq!(shown(text), ["8 POST /accounts/{account_id}/storage/kv/namespaces - 10000"]);
    // Deploying calls many things.
    assert_eq!(shown(&text.replace("kv namespace create n", "deploy")), ["8 ? ? - 10000"]);
}
