//! Answers about the network in Swedish.

use faltkarta_app::{
    NetWarning, NoAnswer, ProblemKind, ShutoffPlan, SilentDataset, TraceAnswer, ValveDue, WhyNot,
};

use crate::arguments::Way;
use crate::network::length_m;

/// Most lines of one list; the rest is counted, and all of it stands in `--json`.
const N_LINES: usize = 40;

pub(crate) fn plan(plan: &ShutoffPlan) -> Vec<String> {
    let (needed, rest): (Vec<_>, Vec<_>) = plan.valves.iter().partition(|it| it.is_needed);
    let least = if plan.is_at_least { "minst " } else { "" };
    let mut lines = vec![format!(
        "{} att stänga · {least}{} utan vatten · {least}{:.0} m ledning",
        counted(needed.len(), "ventil", "ventiler"),
        counted(plan.customers.addresses.len(), "adress", "adresser"),
        length_m(&plan.dry) + length_m(&plan.cut_off),
    )];
    warnings(&mut lines, &plan.warnings);
    if needed.is_empty() {
        lines.push("Ingen ventil avgränsar här. Ring driftledningen.".to_owned());
    } else {
        lines.push("Stäng i den här ordningen:".to_owned());
    }
    for (i, it) in needed.iter().enumerate() {
        let exercised = it.exercised.as_deref().map_or_else(
            || " · aldrig motionerad".to_owned(),
            |day| format!(" · motionerad {day}"),
        );
        let how = Some(&it.how).filter(|it| !it.is_empty());
        let how = how.map(|it| format!(" · {it}")).unwrap_or_default();
        lines.push(format!(
            "  {}. {:<16} {:>5.0} m  E {:.0} N {:.0}{how}{exercised}",
            i + 1,
            it.valve.label,
            it.distance_m,
            it.at_m.0,
            it.at_m.1
        ));
    }
    let labels = |it: Vec<&str>| it.join(", ");
    if !rest.is_empty() {
        let names = rest.iter().map(|it| it.valve.label.as_str()).collect();
        lines.push(format!("Kan stå öppna, inget vatten bakifrån: {}", labels(names)));
    }
    if !plan.already_closed.is_empty() {
        let names = plan.already_closed.iter().map(|it| it.label.as_str()).collect();
        lines.push(format!("Redan stängda: {}", labels(names)));
    }
    for (it, why) in &plan.passed_over {
        lines.push(format!("Räknas inte: {} {}", it.label, why_not(*why)));
    }
    without_water(&mut lines, plan);
    lines.extend(source_line(plan.data_date.as_deref(), &plan.silent));
    lines
}

fn without_water(lines: &mut Vec<String>, plan: &ShutoffPlan) {
    let customers = &plan.customers;
    if !customers.sensitive.is_empty() {
        lines.push("Ring före avstängning:".to_owned());
    }
    for it in &customers.sensitive {
        lines.push(format!("  {:<12} {}{}", it.class.title.sv, it.place, behind(it.is_cut_off)));
    }
    if !customers.addresses.is_empty() {
        lines.push("Utan vatten:".to_owned());
    }
    let addresses = customers.addresses.iter().map(|it| {
        let nearest = it.nearest_m.map(|it| format!(" (närmaste adress, {it:.0} m)"));
        format!("  {}{}{}", it.address.label, nearest.unwrap_or_default(), behind(it.is_cut_off))
    });
    capped(lines, addresses.collect());
    if !customers.without_address.is_empty() {
        let n = counted(customers.without_address.len(), "förbindelsepunkt", "förbindelsepunkter");
        lines.push(format!("  {n} utan känd adress"));
    }
    for (part, title) in [(&plan.dry, "Mellan ventilerna"), (&plan.cut_off, "Avskuret bakom")] {
        if part.pipes.is_empty() {
            continue;
        }
        let unknown = if part.bore_unknown_m > 0.0 {
            format!(" (dimension okänd för {:.0} m)", part.bore_unknown_m)
        } else {
            String::new()
        };
        lines.push(format!(
            "{title}: {:.0} m huvudledning, {:.0} m servis, {:.1} m³{unknown}",
            part.mains_m, part.services_m, part.volume_m3
        ));
        for source in &part.sources {
            lines.push(format!("  Även {} stängs av", source.label));
        }
    }
    let hydrants: Vec<&str> = plan
        .dry
        .hydrants
        .iter()
        .chain(&plan.cut_off.hydrants)
        .map(|it| it.label.as_str())
        .collect();
    if !hydrants.is_empty() {
        lines.push(format!("Brandposter ur funktion: {}", hydrants.join(", ")));
    }
    for (it, n) in &plan.reopen {
        let n = counted(*n as usize, "förbindelsepunkt", "förbindelsepunkter");
        lines.push(format!("Kan öppnas för matning från annat håll: {} ({n})", it.label));
    }
}

fn behind(is_cut_off: bool) -> &'static str {
    if is_cut_off { " · avskuren bakom ventilerna" } else { "" }
}

fn capped(lines: &mut Vec<String>, of: Vec<String>) {
    let n = of.len();
    lines.extend(of.into_iter().take(N_LINES));
    if n > N_LINES {
        lines.push(format!("  och {} till", n - N_LINES));
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

pub(crate) fn why_not_code(why: WhyNot) -> &'static str {
    match why {
        WhyNot::Stuck => "stuck",
        WhyNot::Unknown => "unknown",
        WhyNot::Told => "told",
    }
}

fn why_not(why: WhyNot) -> &'static str {
    match why {
        WhyNot::Stuck => "går inte att stänga",
        WhyNot::Unknown => "har okänd funktion",
        WhyNot::Told => "angiven som ur funktion",
    }
}

fn warnings(lines: &mut Vec<String>, of: &[NetWarning]) {
    capped(lines, of.iter().map(|it| format!("Varning: {}", warning(it))).collect());
}

/// A fault of the data in words, with its place.
pub(crate) fn warning(it: &NetWarning) -> String {
    let fitting = it.fitting.as_ref().map_or("", |it| it.label.as_str());
    let text = match it.kind {
        ProblemKind::Gap { width_m } => format!(
            "ledningen hänger inte ihop med resten av nätet (glapp {}). Planen kan vara fel, kontrollera på plats",
            metres(width_m)
        ),
        ProblemKind::ZeroLength => "ledning utan längd".to_owned(),
        ProblemKind::ValveOffPipe { away_m } | ProblemKind::FittingOffPipe { away_m } => {
            let away = away_m.map(|it| format!(", närmaste {} bort", metres(it)));
            format!("{fitting} ligger inte på någon ledning{}", away.unwrap_or_default())
        }
        ProblemKind::ValveUnclear { n_arms } => {
            format!(
                "{fitting} ligger där {n_arms} ledningar möts, oklart vilken den stänger; räknas inte"
            )
        }
        ProblemKind::TwoValves { .. } => {
            format!("{fitting} ligger på samma punkt som en annan ventil")
        }
        ProblemKind::NoSource => {
            "ingen reservoar eller vattenverk i data, avskurna delar kan inte anges".to_owned()
        }
        ProblemKind::PartWithoutSource { length_m } => {
            format!("{length_m:.0} m ledning hänger inte ihop med någon vattenkälla")
        }
        ProblemKind::PartUnfed { length_m } => {
            format!("{length_m:.0} m ledning får inget vatten som ventilerna står")
        }
        ProblemKind::AgainstFall { rise_m } => {
            format!("ledningen är ritad uppför, {}", metres(rise_m))
        }
    };
    let place = it.at_m.map(|(e_m, n_m)| format!(" · E {e_m:.0} N {n_m:.0}"));
    format!("{text}{}", place.unwrap_or_default())
}

/// Metres with a Swedish decimal comma.
fn metres(value: f64) -> String {
    format!("{value:.2} m").replace('.', ",")
}

fn source_line(date: Option<&str>, silent: &[SilentDataset]) -> Vec<String> {
    let mut lines = vec![format!("Ledningsnät · data {}", date.unwrap_or("–"))];
    for it in silent {
        let why = match it.reason {
            NoAnswer::Missing => "saknas här".to_owned(),
            NoAnswer::Locked => "nyckeln har gått ut".to_owned(),
            NoAnswer::Outside => "utanför arbetsområdet".to_owned(),
            NoAnswer::Old | NoAnswer::OutdatedRules => {
                format!("{} dagar gammalt", it.age_days.unwrap_or(0))
            }
        };
        lines.push(format!("Utan säkert svar: {}: {why}", it.title.sv));
    }
    lines
}

pub(crate) fn trace(answer: &TraceAnswer, way: Way) -> Vec<String> {
    let (head, n) = match way {
        Way::Upstream => (
            "Uppströms, rinner hit",
            format!(
                ", {} från {}",
                counted(
                    answer.extent.n_connections as usize,
                    "förbindelsepunkt",
                    "förbindelsepunkter"
                ),
                counted(answer.customers.addresses.len(), "adress", "adresser")
            ),
        ),
        Way::Downstream => ("Nedströms, rinner vidare", String::new()),
    };
    let mut lines = vec![format!(
        "{head}: {:.0} m ledning, {}{n}",
        length_m(&answer.extent),
        counted(answer.pipes.len(), "ledning", "ledningar")
    )];
    warnings(&mut lines, &answer.warnings);
    let fittings = answer.fittings.iter().map(|(it, m)| format!("  {:<24} {m:>7.0} m", it.label));
    capped(&mut lines, fittings.collect());
    let addresses = answer.customers.addresses.iter().map(|it| format!("  {}", it.address.label));
    capped(&mut lines, addresses.collect());
    if let (Way::Downstream, Some((e_m, n_m))) = (way, answer.ends_m.first()) {
        lines.push(format!("Slutar vid E {e_m:.0} N {n_m:.0}"));
    }
    lines.extend(source_line(answer.data_date.as_deref(), &answer.silent));
    lines
}

pub(crate) fn round(due: &[ValveDue], n_all: usize) -> Vec<String> {
    let mut lines: Vec<String> = due
        .iter()
        .map(|it| {
            let days = it.days.map_or_else(|| "aldrig".to_owned(), |it| format!("{it} dagar"));
            format!(
                "{:<18} {days:>12}  {:>5} förbindelsepunkter om den inte går, {} för dess skull",
                it.label, it.connections_lost, it.connections_more
            )
        })
        .collect();
    if n_all > due.len() {
        lines.push(format!("och {} till", n_all - due.len()));
    }
    if lines.is_empty() {
        lines.push("Ingen ventil i lagrade lager.".to_owned());
    }
    lines
}
