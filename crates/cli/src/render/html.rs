//! Web pages that need no other file.

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;\
    overflow-wrap:anywhere}h1{font-size:1.6em;line-height:1.3}h2{font-size:1.15em;line-height:1.4;margin-bottom:.3em}\
    mark{background:rgb(255 140 0/var(--heat));border-radius:.2em;color:inherit}\
    table{border-collapse:collapse;overflow-wrap:break-word}td,th{padding:.1em .8em;text-align:left}td:first-child,th:first-child{padding-left:0}\
    @media(max-width:30em){td,th{padding:.1em .4em}}\
    .text{white-space:pre-wrap}.page{max-width:100%;border:1px solid #ddd}small,.parts{font-weight:normal;color:#555}.parts{font-size:.9em;padding-bottom:.5em}\
    .legend{display:flex;flex-wrap:wrap;gap:.5em;align-items:center;font-size:.9em;color:#555}\
    .legend span{white-space:nowrap}.ramp{flex:none;width:8em;height:1em;border:1px solid #ddd;\
    background:linear-gradient(to right,rgb(255 140 0/0),rgb(255 140 0/1))}\
    td a{overflow-wrap:anywhere}.wide{overflow-x:auto}svg{min-width:34em;max-width:60em}\
    .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}:target{outline:2px solid #d33}";

/// A page of this title. It is escaped, and the body is not.
pub(super) fn page(title: &str, body: &str) -> String {
    format!("{}{body}{}", head(title), foot())
}

/// What stands before a page's body.
pub(super) fn head(title: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    )
}

/// An image, of PNG bytes.
pub(super) fn image(title: &str, png: &[u8]) -> String {
    let (title, data) = (escape(title), base64::encode(png));
    format!("<img class=\"page\" alt=\"{title}\" src=\"data:image/png;base64,{data}\">\n")
}

/// What stands behind it.
pub(super) fn foot() -> &'static str {
    "</body></html>\n"
}

pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
        escaped
    })
}
