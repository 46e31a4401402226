//! What frames the lines of a text and is no part of what they say.

/// The text without what a terminal is told (colours), and what frames its lines: Terraform's box, a logger's beginning
/// of each line.
pub(super) fn without_frames(text: &str) -> String {
    match text.contains("=> Send header") {
        true => plain(&untraced(text)),
        false => plain(text),
    }
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.contains('\u{1b}') {
            true => out.push_str(unframed(&without_colours(line))),
            false => out.push_str(unframed(line)),
        }
    }
    out
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let behind = part.strip_prefix('[').map_or(part, |code| {
            let end = code.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(code.len());
            let behind = code.get(end..).unwrap_or_default();
            behind.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(behind)
        });
        out.push_str(behind);
    }
    out
}

/// What `curl --trace-ascii` writes as `0040: rest of the line`, 64 characters in each, as lines again; there are as many
/// lines as before.
fn untraced(text: &str) -> String {
    const TRACED: usize = 0x40;
    let mut out = String::with_capacity(text.len());
    let mut owed = 0;
    for line in text.split('\n') {
        let traced = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, ""))).filter(|(offset, _)| {
            (4..=8).contains(&offset.len()) && offset.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let (line, goes_on) = traced.map_or((line, false), |(_, rest)| (rest, rest.len() == TRACED));
        out.push_str(line);
        owed += 1;
        if !goes_on {
            out.extend(std::iter::repeat_n('\n', owed));
            owed = 0;
        }
    }
    out
}

fn unframed(line: &str) -> &str {
    let line = without_time(line);
    let line = line.strip_prefix(['│', '╷', '╵']).map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    // `2021-06-17T19:56:13.824+0100 [DEBUG] provider.terraform-provider-cloudflare_v2.21.0: …`
    let provider = line
        .split_once("terraform-provider-cloudflare_v")
        .filter(|(before, _)| before.len() < 80 && before.contains('['))
        .and_then(|(_, rest)| rest.split_once(':'));
    provider.map_or(line, |(_, rest)| rest.strip_prefix(' ').unwrap_or(rest))
}

/// The line without the time that GitHub's runners write before each: `2023-01-21T11:06:09.8455119Z `.
fn without_time(line: &str) -> &str {
    let Some((time, rest)) = line.split_once("Z ") else { return line };
    let shape = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T');
    let is_time = (20..=32).contains(&time.len()) && time.bytes().all(shape) && time.as_bytes().get(10) == Some(&b'T');
    if is_time { rest } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_curl_traces_is_lines_again() {
        let path = format!("PUT /client/v4/{}", "x".repeat(49));
        let text = format!("=> Send header, 160 bytes (0xa0)\n0000: {path}\n0040: yz HTTP/2\n004b: Host: a\n0055:\n");
        let expected = format!("=> Send header, 160 bytes (0xa0)\n{path}yz HTTP/2\n\nHost: a\n\n\n");
        assert_eq!(without_frames(&text), expected);
    }

    #[test]
    fn colours_boxes_and_times_are_left_out() {
        let text = "\u{1b}[31m│\u{1b}[0m \u{1b}[1mError: x\u{1b}[0m\n2023-01-21T11:06:09.8455119Z ✘ [ERROR] y\n│ z\n\
            2021-06-17T19:56:13.824+0100 [DEBUG] provider.terraform-provider-cloudflare_v2.21.0: {\n\u{1b}";
        assert_eq!(without_frames(text), "Error: x\n✘ [ERROR] y\nz\n{\n");
    }
}
