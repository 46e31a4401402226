//! Products that are not switched on. The emulator has all of them on: their answers are put in its mouth for the calls of
//! the product, and for no other. The codes are public; the words of 1405 and 1456 are ours.

use flarekeep_catalogue::{Operation, operations};
use flarekeep_emulator::FaultRules;
use secrecy::ExposeSecret;

use crate::fault::Fault;
use crate::local::Local;
use crate::tally::{Tally, Told};
use crate::walk::{Walk, bearer};

/// Where a product's paths begin, and what it answers, as status, code and message (the sources are those of the rows in
/// catalogue/refusals.toml).
const ANSWERS: [(&str, u16, u32, &str); 5] = [
    ("/accounts/{account_id}/r2/", 403, 10042, "Please enable R2 through the Cloudflare Dashboard."),
    ("/zones/{zone_id}/custom_hostnames", 403, 1404, "No quota has been allocated for this zone."),
    ("/zones/{zone_id}/custom_hostnames", 403, 1405, "Quota exceeded."),
    ("/zones/{zone_id}/custom_hostnames", 403, 1456, "SSL for SaaS is not granted to this zone."),
    ("/accounts/{account_id}/access/", 403, 9999, "access.api.error.not_enabled"),
];

/// Calls the operations of these products, in quick tests some of them, under a token that may, and is told that the product is off.
pub(crate) async fn walk(local: &Local, every: usize, tally: &mut Tally) {
    for (root, status, code, message) in ANSWERS {
        let of_product = |operation: &&Operation| {
            operation.is_routed() && operation.path().starts_with(root) && operation.accepts().next().is_some()
        };
        for operation in operations().iter().filter(of_product).step_by(every.min(10)) {
            for of_account in [false, true] {
                let Some(walk) = Walk::new(local, operation, of_account).filter(|walk| !walk.is_closed()) else {
                    continue;
                };
                let rules = format!(
                    "[[rule]]\nmatch = {{ operation = \"{operation}\" }}\n\
                     answer = {{ status = {status}, code = {code}, message = \"{message}\" }}\n"
                );
                let Some(made) = walk.made(Fault::ProductNotEnabled, &walk.policies).await else { continue };
                let value = made.value.expose_secret();
                local.emulator.set_faults(FaultRules::from_toml(&rules).unwrap());
                let answer = local.call(operation, &walk.target, &bearer(value), walk.body()).await;
                let refusal = walk.refusal(&walk.target, &answer).unwrap();
                let (alone, live) = (local.alone(&refusal), local.live(&refusal, value).await);
                local.emulator.set_faults(FaultRules::default());
                let truth = Fault::ProductNotEnabled.truth().unwrap();
                tally.add(Fault::ProductNotEnabled, &format!("{operation} {code}"), &Told { truth, alone, live });
                local.admin.tokens(walk.wire).delete(made.token.id).await.unwrap();
            }
        }
    }
}
