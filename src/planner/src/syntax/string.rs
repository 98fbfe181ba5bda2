//! The values of string literals (GraphQL §2.9.4).

/// The value of a quoted string given with its quotes, or what is wrong with it.
pub(super) fn quoted(text: &str) -> Result<String, String> {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Ok(inner.to_owned());
    }
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(backslash) = rest.find('\\') {
        let (before, escape) = rest.split_at_checked(backslash).unwrap_or((rest, ""));
        value.push_str(before);
        let Some(kind) = escape.chars().nth(1) else { break };
        let mut length = 1_usize.saturating_add(kind.len_utf8());
        match kind {
            '"' | '\\' | '/' => value.push(kind),
            'b' => value.push('\u{8}'),
            'f' => value.push('\u{C}'),
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            'u' => {
                let (char, used) = unicode(escape).ok_or_else(|| {
                    let shown: String = escape.chars().take(12).collect();
                    format!("Invalid Unicode escape sequence: \"{shown}\".")
                })?;
                value.push(char);
                length = used;
            }
            other => return Err(format!("Invalid character escape sequence: \"\\{other}\".")),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    Ok(value)
}

/// The character of an escape that begins with `\u`, and the escape's length in bytes.
fn unicode(escape: &str) -> Option<(char, usize)> {
    if let Some(braced) = escape.strip_prefix("\\u{") {
        let digits = braced.get(..braced.find('}')?)?;
        let valid = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| valid)?;
        return Some((char::from_u32(code)?, digits.len().saturating_add(4)));
    }
    let unit = |at: usize| {
        let digits = escape.get(at..at.saturating_add(4))?;
        let valid = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| valid)
    };
    let first = unit(2)?;
    if let Some(char) = char::from_u32(u32::from(first)) {
        return Some((char, 6));
    }
    // Half of a surrogate pair; the other half must follow.
    let second = escape.get(6..).filter(|tail| tail.starts_with("\\u")).and_then(|_| unit(8))?;
    let char = char::decode_utf16([first, second]).next()?.ok()?;
    Some((char, 12))
}

/// The value of a block string given with its quotes (BlockStringValue of §2.9.4).
pub(super) fn block(text: &str) -> String {
    let inner = text.get(3..text.len().saturating_sub(3)).unwrap_or_default();
    let unescaped = inner.replace("\\\"\"\"", "\"\"\"");
    let lines = lines(&unescaped);
    let indent = |line: &str| line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let blank = |line: &&str| indent(line) == line.len();
    let common = lines.iter().skip(1).filter(|line| !blank(line)).map(|line| indent(line)).min().unwrap_or(0);
    let first = lines.iter().position(|line| !blank(line));
    let last = lines.iter().rposition(|line| !blank(line));
    let (Some(first), Some(last)) = (first, last) else { return String::new() };
    let mut value = String::with_capacity(unescaped.len());
    for (index, line) in lines.iter().enumerate().take(last.saturating_add(1)).skip(first) {
        if index > first {
            value.push('\n');
        }
        let cut = if index == 0 { 0 } else { common.min(line.len()) };
        value.push_str(line.get(cut..).unwrap_or_default());
    }
    value
}

/// The lines of a text, by any line end of §2.1.2.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        let (line, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        lines.push(line);
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
    }
    lines.push(rest);
    lines
}
