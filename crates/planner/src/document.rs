//! A plan as a document: plain strings and numbers, for JSON.

mod facts;
mod position;
mod read;
mod resources;

use std::collections::BTreeMap;

use flarekeep_policy::{Effect, Owner, Policy, Resource};
use serde::{Deserialize, Serialize};

pub use self::facts::{FactsDocument, GroupFact, OperationFact, PassedOver};
pub(crate) use self::facts::{provenance_word, rule_word};
pub use self::read::{MAX_NEEDS, PlanFile, PlanFileError, PlanFileProblem};
pub(crate) use self::read::{group, resource, shown};

use crate::candidate::Choice;
use crate::need::{Need, Target};
use crate::plan::{Grant, Plan};
use crate::witness::{Demand, Witness};

/// The version of the document's form.
const FORMAT: u32 = 1;

/// A plan, as `docs/plan-format.md` and `docs/plan.schema.json` describe it. Needs are named by their position in
/// `needs`. With `name`, `policies`, `condition`, `expires_on` and `not_before` it holds what makes a token, as the API
/// takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a plan")]
pub struct PlanDocument {
    /// The version of this form.
    pub format: u32,
    /// Who will own the token.
    pub owner: OwnerDocument,
    /// What must be met.
    pub needs: Vec<NeedDocument>,
    /// What is granted, and for which needs.
    pub grants: Vec<GrantDocument>,
    /// The grants as the API takes them.
    pub policies: Vec<PolicyDocument>,
    /// The needs that any valid token meets.
    pub free: Vec<usize>,
    /// The needs of which nobody has published what meets them.
    pub unproven: Vec<usize>,
    /// The needs whose operation's groups are inferred, met or free: each may fail under the plan.
    #[serde(default)]
    pub inferred: Vec<usize>,
    /// The needs that nothing meets.
    pub impossible: Vec<ImpossibleDocument>,
    /// Why no choice weighs less, and what that rests on.
    pub certificate: CertificateDocument,
    /// The token's name; none where whoever makes it chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From where the token may be used; none for anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionDocument>,
    /// When the token ends, in RFC 3339; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<String>,
    /// When the token begins, in RFC 3339; none for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
}

/// From where a token may be used. A field that is not known may narrow the token, and is an error: a token that is made
/// without it would be wider than the plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a condition: {\"request_ip\": {\"in\": […]}}")]
pub struct ConditionDocument {
    /// By the client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_ip: Option<AddressesDocument>,
}

/// Address ranges: an empty list would let nobody in, and is none. Plans shut no range out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "address ranges: {\"in\": […]}")]
pub struct AddressesDocument {
    /// Only these, as in `203.0.113.0/24`.
    #[serde(rename = "in")]
    pub within: Vec<String>,
}

/// Who will own the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", expecting = "an owner: {\"user\": ID} or {\"account\": ID}")]
pub enum OwnerDocument {
    /// The id of a user.
    User(String),
    /// The id of an account.
    Account(String),
}

/// A need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a need")]
pub struct NeedDocument {
    /// The operation, as in `POST /zones/{zone_id}/dns_records`.
    pub operation: String,
    /// The key of the resource that it is called on; none for the user.
    pub resource: Option<String>,
    /// The account's id.
    pub account: Option<String>,
    /// The zone's id.
    pub zone: Option<String>,
    /// Whether the need is for every zone of the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub every_zone: bool,
    /// The R2 bucket, as `<account>_<jurisdiction>_<bucket>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// What the work uses it for.
    pub why: String,
    /// Where the need comes from.
    pub origin: String,
    /// Where it is known from which groups the operation accepts; `derived-…` is an inference.
    pub provenance: String,
    /// What an inference rests on; none where the groups are published or unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<BasisDocument>,
}

/// What an inference rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "what an inference rests on: {\"confidence\", \"evidence\"}")]
pub struct BasisDocument {
    /// How right the rule behind it is: `high`, `medium`, `low`, `unexplained` or `disputed`.
    pub confidence: String,
    /// The evidence, as a clause.
    pub evidence: String,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a grant")]
pub struct GrantDocument {
    /// The group's name.
    pub group: String,
    /// The group's id; none where it must be asked of the API.
    pub id: Option<String>,
    /// The group's scope.
    pub scope: String,
    /// The key of the resource; a nested resource is written `outer/inner`.
    pub resource: String,
    /// The needs that it meets.
    pub needs: Vec<usize>,
    /// Those that no other grant meets.
    pub sole: Vec<usize>,
    /// Whether it rests on inference.
    pub inferred: bool,
    /// Its weight.
    pub weight: u64,
}

/// A policy, as the API takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a policy: {\"effect\", \"resources\", \"permission_groups\"}")]
pub struct PolicyDocument {
    /// `allow` or `deny`.
    pub effect: String,
    /// The resources by key.
    #[serde(deserialize_with = "resources::each_once")]
    pub resources: BTreeMap<String, ResourceDocument>,
    /// The groups.
    pub permission_groups: Vec<GroupDocument>,
}

/// What stands behind a resource key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ResourceDocument {
    /// `"*"`.
    Whole(String),
    /// Resources inside it.
    Nested(BTreeMap<String, String>),
}

/// A group in a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a permission group: {\"id\", \"name\"}")]
pub struct GroupDocument {
    /// The id; left out where it must be asked of the API first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name; left out where only an id is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A need that nothing meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a need that nothing meets: {\"need\", \"reason\"}")]
pub struct ImpossibleDocument {
    /// The need.
    pub need: usize,
    /// Why.
    pub reason: String,
}

/// The certificate. That no grant can be left out is in each grant's `sole`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a certificate")]
pub struct CertificateDocument {
    /// The weight of the plan.
    pub weight: u64,
    /// What every choice weighs at least.
    pub bound: u64,
    /// Whether the two are the same: the plan is the smallest.
    pub optimal: bool,
    /// The proof of the bound.
    pub witness: Witness<DemandDocument, ChoiceDocument>,
    /// What the plan takes from the catalogue.
    pub facts: FactsDocument,
}

/// What must be met, in a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "what must be met: {\"need\", \"group\"}")]
pub struct DemandDocument {
    /// The position of the need.
    pub need: usize,
    /// The group, where the operation needs several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A grant, in a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a grant: {\"group\", \"resource\"}")]
pub struct ChoiceDocument {
    /// The group's name.
    pub group: String,
    /// The resource's key.
    pub resource: String,
}

/// Writes a plan down.
#[must_use]
pub fn plan_document(plan: &Plan) -> PlanDocument {
    PlanDocument {
        format: FORMAT,
        owner: match plan.owner {
            Owner::User(user) => OwnerDocument::User(user.to_string()),
            Owner::Account(account) => OwnerDocument::Account(account.to_string()),
        },
        needs: plan.needs.iter().map(need_document).collect(),
        grants: plan.grants.iter().map(grant_document).collect(),
        policies: plan.policies().iter().flat_map(policy_documents).collect(),
        free: plan.free.clone(),
        unproven: plan.unproven.clone(),
        inferred: plan.inferred_needs(),
        impossible: plan
            .impossible
            .iter()
            .map(|entry| ImpossibleDocument { need: entry.need, reason: entry.reason.to_string() })
            .collect(),
        certificate: certificate_document(plan),
        name: None,
        condition: None,
        expires_on: None,
        not_before: None,
    }
}

/// Writes a policy as the API takes it. An account as a whole and what is nested below it have the same key: a policy
/// that names both becomes two, which mean the same.
#[must_use]
pub fn policy_documents(policy: &Policy) -> Vec<PolicyDocument> {
    let mut maps: Vec<BTreeMap<String, ResourceDocument>> = vec![BTreeMap::new()];
    for resource in &policy.resources {
        if !maps.iter_mut().any(|map| fits(map, resource)) {
            let mut map = BTreeMap::new();
            fits(&mut map, resource);
            maps.push(map);
        }
    }
    let effect = match policy.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    let permission_groups: Vec<GroupDocument> = policy.groups.iter().map(group_document).collect();
    maps.into_iter()
        .map(|resources| PolicyDocument {
            effect: effect.to_owned(),
            resources,
            permission_groups: permission_groups.clone(),
        })
        .collect()
}

/// Puts a resource into a map, if what is there under its key allows.
fn fits(map: &mut BTreeMap<String, ResourceDocument>, resource: &Resource) -> bool {
    let (key, inner) = resource.keys();
    let Some(inner) = inner else {
        let whole = ResourceDocument::Whole(resource.value().to_owned());
        return *map.entry(key).or_insert_with(|| whole.clone()) == whole;
    };
    match map.entry(key).or_insert_with(|| ResourceDocument::Nested(BTreeMap::new())) {
        ResourceDocument::Whole(_) => false,
        ResourceDocument::Nested(nested) => {
            nested.insert(inner, resource.value().to_owned());
            true
        }
    }
}

/// A need as plans write it.
pub(crate) fn need_document(need: &Need) -> NeedDocument {
    let Target { account, zone, every_zone, bucket } = need.resource.clone();
    let every = account.filter(|_| every_zone).map(Resource::AllZonesOf);
    let resource = bucket.clone().map(Resource::Bucket).or(zone.map(Resource::Zone)).or(every);
    let resource = resource.or(account.map(Resource::Account));
    NeedDocument {
        operation: need.operation.to_string(),
        resource: resource.map(|resource| key(&resource)),
        account: account.map(|id| id.to_string()),
        zone: zone.map(|id| id.to_string()),
        every_zone,
        bucket: bucket.map(|bucket| bucket.to_string()),
        why: need.why.clone(),
        origin: need.origin.clone(),
        provenance: need.operation.provenance.to_string(),
        basis: facts::basis(need.operation),
    }
}

fn grant_document(grant: &Grant) -> GrantDocument {
    GrantDocument {
        group: grant.group.name.to_owned(),
        id: grant.group.id.map(|id| id.to_string()),
        scope: grant.group.scope.to_string(),
        resource: key(&grant.resource),
        needs: grant.needs.clone(),
        sole: grant.sole.clone(),
        inferred: grant.inferred,
        weight: grant.weight,
    }
}

fn group_document(grant: &flarekeep_policy::Grant) -> GroupDocument {
    match grant {
        flarekeep_policy::Grant::Group(group) => {
            GroupDocument { id: group.id.map(|id| id.to_string()), name: Some(group.name.to_owned()) }
        }
        flarekeep_policy::Grant::Named(group, id) => {
            GroupDocument { id: Some(id.to_string()), name: Some(group.name.to_owned()) }
        }
        flarekeep_policy::Grant::Unknown(id) => GroupDocument { id: Some(id.to_string()), name: None },
    }
}

fn certificate_document(plan: &Plan) -> CertificateDocument {
    let demand = |demand: &Demand| {
        Some(DemandDocument { need: demand.need, group: demand.group.map(|group| group.name.to_owned()) })
    };
    let choice =
        |choice: &Choice| Some(ChoiceDocument { group: choice.group.name.to_owned(), resource: key(&choice.resource) });
    let certificate = &plan.certificate;
    CertificateDocument {
        weight: plan.weight,
        bound: certificate.bound,
        optimal: certificate.optimal,
        witness: certificate
            .witness
            .try_map(&demand, &choice)
            .unwrap_or(Witness::Packing { amounts: Vec::new(), bound: 0 }),
        facts: facts::facts(plan),
    }
}

/// The key of a resource, as `outer/inner` where it is nested.
pub(crate) fn key(resource: &Resource) -> String {
    match resource.keys() {
        (key, None) => key,
        (outer, Some(inner)) => format!("{outer}/{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{AccountId, UserId, ZoneId, operation};
    use serde_json::json;

    use super::*;
    use crate::options::Options;
    use crate::plan::plan;

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
    const ZONE: ZoneId = ZoneId::from_u128(0x21);

    fn planned(operations: &[&str]) -> Plan {
        let resource = Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() };
        let need = |text: &&str| Need {
            operation: operation(text).unwrap(),
            resource: resource.clone(),
            why: "try".to_owned(),
            origin: "test".to_owned(),
        };
        let needs: Vec<Need> = operations.iter().map(need).collect();
        plan(&needs, &Options::new(Owner::User(UserId::from_u128(0x41))))
    }

    #[test]
    fn a_plan_is_written_with_the_policies_that_the_api_takes() {
        let document = serde_json::to_value(plan_document(&planned(&["POST /zones/{zone_id}/dns_records"]))).unwrap();
        let zone = format!("com.cloudflare.api.account.zone.{ZONE}");
        let policies = json!([{
            "effect": "allow",
            "resources": { zone.clone(): "*" },
            "permission_groups": [{ "id": "4755a26eedb94da69e1066d98aa820be", "name": "DNS Write" }],
        }]);
        assert_eq!(document["policies"], policies);
        let weight = document["certificate"]["weight"].clone();
        let witness =
            json!({ "kind": "packing", "amounts": [{ "need": { "need": 0 }, "amount": weight }], "bound": weight });
        assert_eq!(document["certificate"]["witness"], witness);
        assert_eq!(document["needs"][0]["resource"], zone);
        assert_eq!(document["grants"][0]["sole"], json!([0]));
    }

    #[test]
    fn nested_resources_are_nested() {
        let document = serde_json::to_value(plan_document(&planned(&["POST /zones"]))).unwrap();
        let nested =
            json!({ format!("com.cloudflare.api.account.{ACCOUNT}"): { "com.cloudflare.api.account.zone.*": "*" } });
        assert_eq!(document["policies"][0]["resources"], nested);
    }

    #[test]
    fn an_account_and_what_is_below_it_do_not_share_a_policy() {
        let resources = vec![
            Resource::AllZonesOf(ACCOUNT),
            Resource::Account(ACCOUNT),
            Resource::ZoneOf(ACCOUNT, ZONE),
            Resource::Zone(ZONE),
        ];
        let documents = policy_documents(&Policy { effect: Effect::Allow, resources, groups: Vec::new() });
        let sizes: Vec<usize> = documents.iter().map(|document| document.resources.len()).collect();
        assert_eq!(sizes, [2, 1]);
        let whole = ResourceDocument::Whole("*".to_owned());
        assert!(documents[1].resources.values().all(|value| *value == whole));
    }

    #[test]
    fn an_inference_is_written_with_what_it_rests_on() {
        let object = "PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}";
        let document = serde_json::to_value(plan_document(&planned(&["GET /zones", object]))).unwrap();
        assert_eq!(document["inferred"], json!([1]));
        assert!(document["needs"][0].get("basis").is_none());
        let basis = &document["needs"][1]["basis"];
        assert!(basis["confidence"].is_string() && basis["evidence"].as_str().unwrap().contains("Workers R2 Storage"));
        // A document of before this was written reads as one that says nothing of inference.
        let mut old = document.clone();
        old.as_object_mut().unwrap().remove("inferred");
        old["needs"][1].as_object_mut().unwrap().remove("basis");
        assert_eq!(serde_json::from_value::<PlanDocument>(old).unwrap().inferred, Vec::<usize>::new());
    }

    #[test]
    fn a_document_reads_back_as_the_plan() {
        let plan = planned(&["GET /zones", "GET /user/tokens", "GET /accounts/{account_id}", "POST /accounts"]);
        let document = plan_document(&plan);
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(PlanDocument::parse(&text), Ok(PlanFile { document, plan }));
    }
}
