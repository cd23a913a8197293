use faltkarta_model::{Class, Policy};

use crate::backend::{DatasetRow, GeodataStore};
use crate::ogc::answer::{Answer, PROBLEM_JSON};
use crate::ogc::extents::Extents;
use crate::ogc::negotiate::{Format, choose};
use crate::ogc::problem::Problem;
use crate::ogc::request::{Request, Verb};
use crate::ogc::{collections, edit, html, item, items, openapi, schema};
use crate::rim::Rim;

/// What answering takes.
pub(crate) struct Service<'a> {
    pub(crate) store: &'a dyn GeodataStore,
    pub(crate) rim: &'a dyn Rim,
    pub(crate) extents: &'a Extents,
}

/// Answers a request.
pub(crate) fn answer(service: &Service<'_>, request: &Request) -> Answer {
    let answer = routed(service, request);
    answer.unwrap_or_else(|problem| refused(&problem, Some(request)))
}

/// The answer that tells of a problem: to a person as a page.
pub(crate) fn refused(problem: &Problem, request: Option<&Request>) -> Answer {
    let f = |it: &Request| {
        it.query.iter().find(|(name, _)| name == "f").map(|(_, value)| value.clone())
    };
    let format = request
        .filter(|it| it.verb == Verb::Get)
        .and_then(|it| choose(f(it).as_deref(), it.accept.as_deref()).ok());
    let answer = match (format, request) {
        (Some(Format::Html), Some(request)) => html::problem(problem, &request.base),
        _ => Answer::of(PROBLEM_JSON, problem.json()),
    };
    let answer = answer
        .status(problem.status)
        .with("cache-control", "no-store")
        .with("vary", "accept, authorization");
    if problem.status == 401 {
        let basic = "Basic realm=\"Faltkarta\", charset=\"UTF-8\"";
        return answer.with("www-authenticate", "Bearer").with("www-authenticate", basic);
    }
    answer
}

fn routed(service: &Service<'_>, request: &Request) -> Result<Answer, Problem> {
    let pieces: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let answer = match *pieces.as_slice() {
        [] => only_reading(request, || collections::landing(request))?,
        ["conformance"] => only_reading(request, || collections::conformance(request))?,
        ["api"] => only_reading(request, || openapi::document(service, request))?,
        ["collections"] => only_reading(request, || collections::list(service, request))?,
        ["collections", id, ref rest @ ..] => {
            let row = dataset(service, request, id)?;
            of_dataset(service, request, &row, rest)?.with("cache-control", caching(&row))
        }
        _ => return Err(Problem::not_found()),
    };
    Ok(answer.with("vary", "accept, authorization"))
}

fn of_dataset(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
    rest: &[&str],
) -> Result<Answer, Problem> {
    let is_edited = row.dataset.policy != Policy::ReadOnly;
    match *rest {
        [] => only_reading(request, || collections::one(service, request, row)),
        ["queryables"] => only_reading(request, || schema::queryables(request, row)),
        ["schema"] => only_reading(request, || schema::schema(request, row)),
        ["items"] => match request.verb {
            Verb::Get => items::page(service, request, row),
            Verb::Post => edit::create(service, request, row),
            verb => Ok(allowed(verb, if is_edited { "GET, HEAD, OPTIONS, POST" } else { READING })),
        },
        ["items", id] => match request.verb {
            Verb::Get => item::one(service, request, row, id),
            Verb::Put | Verb::Patch | Verb::Delete => edit::change(service, request, row, id),
            verb => {
                let all = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT";
                Ok(allowed(verb, if is_edited { all } else { READING }))
            }
        },
        _ => Err(Problem::not_found()),
    }
}

const READING: &str = "GET, HEAD, OPTIONS";

fn only_reading(
    request: &Request,
    answer: impl FnOnce() -> Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    match request.verb {
        Verb::Get => answer(),
        verb => Ok(allowed(verb, READING)),
    }
}

/// What may be asked at an address: told when that is asked, or because something else was.
fn allowed(verb: Verb, methods: &'static str) -> Answer {
    let answer = if verb == Verb::Options {
        Answer::empty(204)
    } else {
        let problem = Problem::new("method_not_allowed", format!("here there is {methods}"));
        Answer::of(PROBLEM_JSON, problem.json()).status(problem.status)
    };
    answer.with("allow", methods)
}

/// What is open may be kept, and is asked about before it is shown again; anything else is not.
fn caching(row: &DatasetRow) -> &'static str {
    if row.dataset.class == Class::Open { "no-cache" } else { "private, no-store" }
}

/// Whether the asker may read a dataset: open ones by everybody, others as laptops of his role are sent them.
pub(crate) fn may_read(request: &Request, row: &DatasetRow) -> bool {
    row.dataset.class == Class::Open
        || request.asker.as_ref().is_some_and(|it| it.role.may_fetch(&row.dataset))
}

/// The datasets that the asker may read.
pub(crate) fn readable(service: &Service<'_>, request: &Request) -> Vec<DatasetRow> {
    let mut rows = service.store.datasets();
    rows.retain(|it| may_read(request, it));
    rows
}

fn dataset(service: &Service<'_>, request: &Request, id: &str) -> Result<DatasetRow, Problem> {
    let found = service.store.datasets().into_iter().find(|it| it.dataset.id.as_str() == id);
    let row = found.ok_or_else(Problem::not_found)?;
    if may_read(request, &row) {
        Ok(row)
    } else if request.asker.is_some() {
        Err(Problem::new("unpermitted", "your role may not read this dataset"))
    } else {
        Err(Problem::new("signed_out", "this dataset is read with a token"))
    }
}
