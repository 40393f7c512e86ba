//! Pages with heat over what a query matched, as one web page.

use embedkit::colpali::HeatMap;

use super::html::{escape, foot, head, image};

/// What stands around the pages.
pub(crate) struct PageReport {
    query: String,
    /// Names and scores, in the pages' order.
    pages: Vec<(String, f32)>,
    /// The similarities that are coldest and hottest.
    scale: (f32, f32),
}

impl PageReport {
    pub(crate) fn new<'p>(query: &str, pages: impl IntoIterator<Item = (&'p str, f32)>, scale: (f32, f32)) -> Self {
        let pages = pages.into_iter().map(|(title, score)| (title.to_owned(), score)).collect();
        Self { query: query.to_owned(), pages, scale }
    }

    /// The query, the pages by their scores, and the legend.
    pub(crate) fn head(&self) -> String {
        let mut ranked: Vec<(usize, &(String, f32))> = self.pages.iter().enumerate().collect();
        ranked.sort_by(|(_, a), (_, b)| b.1.total_cmp(&a.1));
        let rows = ranked.into_iter().map(|(at, (title, score))| {
            format!(
                "<tr><td><a href=\"#page-{at}\">{}</a></td><td class=\"number\">{score:.4}</td></tr>\n",
                escape(title)
            )
        });
        let colours = HeatMap::COLOURS.map(|[red, green, blue]| format!("rgb({red} {green} {blue})")).join(",");
        let (least, most) = self.scale;
        format!(
            "{}<table><tr><th>page</th><th class=\"number\">score</th></tr>\n{}</table>\n\
             <p class=\"legend\"><span>{least:.3}</span><span class=\"ramp\" style=\"background:\
             linear-gradient(to right,{colours})\"></span><span>{most:.3}</span> similarity of a place to the query</p>\n",
            head(&self.query),
            rows.collect::<String>()
        )
    }

    /// One page, of its place among them.
    pub(crate) fn page(&self, at: usize, png: &[u8]) -> String {
        let (title, score) = self.pages.get(at).map_or(("", 0.0), |(title, score)| (title.as_str(), *score));
        let heading = escape(title);
        format!("<h2 id=\"page-{at}\">{heading} <small>score {score:.4}</small></h2>\n{}", image(title, png))
    }

    pub(crate) fn end(&self) -> &'static str {
        foot()
    }
}
