//! `flarekeep emulate --coverage`: what becomes of a call of each operation.

use std::collections::BTreeMap;

use flarekeep_catalogue::Rule;
use flarekeep_emulator::{Covered, coverage};
use serde_json::{Value, json};

use crate::output::table::table;
use crate::output::{FAINT, Output, STRONG, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(output: Output) -> CommandResult {
    let all = coverage();
    if output.json {
        output.document(&document(&all));
    } else {
        show(output, &all);
    }
    Ok(Verdict::Yes)
}

/// How many operations there are of each coverage, in the order of [`Coverage::ALL`].
type Counts = [usize; 3];

fn counts<'a>(all: impl IntoIterator<Item = &'a Covered>) -> Counts {
    let mut counts = Counts::default();
    for covered in all {
        counts[covered.coverage as usize] += 1;
    }
    counts
}

fn show(output: Output, all: &[Covered]) {
    let [simulated, schema, not] = counts(all);
    output.line(format!("{} of {} operations are simulated\n", styled(STRONG, simulated), all.len()));
    output.line(format!(
        "  {schema} more answer the least that the published schema accepts, and change nothing;\n  \
         {not} are authorised and answer 501\n"
    ));
    let mut products: BTreeMap<&str, Counts> = BTreeMap::new();
    for covered in all {
        products.entry(covered.operation.product()).or_default()[covered.coverage as usize] += 1;
    }
    let shown = |counts: &Counts| output.verbose || counts[0] > 0;
    let left_out: Vec<Counts> = products.values().filter(|counts| !shown(counts)).copied().collect();
    let cell = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
    let rows = products.iter().filter(|(_, counts)| shown(counts)).map(|(product, counts)| {
        let name = if product.is_empty() { "(no product is known)" } else { product };
        [name.to_owned(), cell(counts[0]), cell(counts[1]), cell(counts[2])]
    });
    output.line(table(2, Some(["product", "simulated", "schema", "not"]), rows));
    if !left_out.is_empty() {
        let [_, schema, not] =
            left_out.iter().fold(Counts::default(), |sum, one| [0, 1, 2].map(|at| sum[at] + one[at]));
        let more = format!(
            "\n  {} products more have none that is simulated: {schema} answer from the schema, {not} do not; -v lists them",
            left_out.len()
        );
        output.line(styled(FAINT, more));
    }
}

fn document(all: &[Covered]) -> Value {
    let [simulated, schema, not] = counts(all);
    let operations = all.iter().map(|covered| {
        let operation = covered.operation;
        let authorisation = match operation.rule {
            Rule::AnyToken => "any-token",
            _ => operation.provenance.word(),
        };
        json!({
            "method": operation.method.as_str(),
            "path": operation.path(),
            "product": Some(operation.product()).filter(|name| !name.is_empty()),
            "coverage": covered.coverage.word(),
            "presumed": covered.presumed,
            "authorisation": authorisation,
        })
    });
    json!({
        "total": all.len(),
        "simulated": simulated,
        "schema": schema,
        "not_simulated": not,
        "operations": operations.collect::<Vec<_>>(),
    })
}
