//! Members and their roles: who may make tokens of an account, and up to where.

mod common;

use common::{Ask, Local, unlimited};
use flarekeep_emulator::{Ceiling, Emulator, Options, World};
use serde_json::{Value, json};

const WORLD: &str = "
[[account]]
name = 'Acme'
id = '0123456789abcdef0123456789abcdef'
[[user]]
email = 'super@example.com'
[[user]]
email = 'admin@example.com'
[[user]]
email = 'reader@example.com'
[[user]]
email = 'provisioner@example.com'
[[zone]]
name = 'example.com'
[[member]]
user = 'admin@example.com'
role = 'administrator'
[[member]]
user = 'reader@example.com'
role = 'read-only'
[[member]]
user = 'provisioner@example.com'
account = 'Acme'
role = 'api-token-provisioning'
[[member]]
user = 'provisioner@example.com'
role = 'read-only'
";

struct Acme {
    local: Local,
    keys: Vec<(String, String)>,
}

impl Acme {
    async fn start(options: Options) -> Self {
        let world = World::from_toml(WORLD).unwrap();
        let keys = world.users.iter().map(|user| (user.email.clone(), user.global_key.clone())).collect();
        Self { local: Local::serve(Emulator::new(world, options)).await, keys }
    }

    /// A request by the user whose address begins so.
    fn by(&self, user: &str, method: &str, path: &str) -> Ask {
        let (email, key) = self.keys.iter().find(|(email, _)| email.starts_with(user)).unwrap();
        self.local.ask(method, path).key(email, key)
    }

    async fn mint(&self, user: &str, path: &str, policy: &Value) -> (u16, i64) {
        let reply = self.by(user, "POST", path).json(&json!({"name": "t", "policies": [policy]})).send().await;
        (reply.status, reply.code())
    }
}

#[tokio::test]
async fn roles_say_who_makes_tokens_of_the_account_and_of_what() {
    let acme = Acme::start(unlimited()).await;
    let (read, write) = (acme.local.at_zone(&["DNS Read"]), acme.local.at_zone(&["DNS Write"]));
    let account = "/accounts/{A}/tokens";
    let ceiling = (400, 1001);
    for (user, of_read, of_write) in [
        ("super", (200, 0), (200, 0)),
        ("admin", (200, 0), (200, 0)),
        ("reader", (403, 9109), (403, 9109)),
        ("provisioner", (200, 0), ceiling),
    ] {
        assert_eq!(acme.mint(user, account, &read).await, of_read, "{user}");
        assert_eq!(acme.mint(user, account, &write).await, of_write, "{user}");
    }
    assert_eq!(acme.mint("reader", "/user/tokens", &read).await, (200, 0));
    assert_eq!(acme.mint("reader", "/user/tokens", &write).await, ceiling);
    let everywhere = common::policy(
        json!({"com.cloudflare.api.account.zone.*": "*"}),
        flarekeep_catalogue::Scope::Zone,
        &["DNS Write"],
    );
    assert_eq!(acme.mint("reader", "/user/tokens", &everywhere).await, ceiling);
    assert_eq!(acme.mint("admin", "/user/tokens", &everywhere).await, (200, 0));

    let groups = acme.by("reader", "GET", "/user/tokens/permission_groups?name=DNS%20Write").send().await;
    assert_eq!(groups.result()[0]["is_selectable"], false);
    let groups = acme
        .by("admin", "GET", "/user/tokens/permission_groups?name=DNS%20Write&scope=com.cloudflare.api.account.zone")
        .send()
        .await;
    assert_eq!(groups.result()[0]["is_selectable"], true);
}

#[tokio::test]
async fn who_may_only_provision_sees_its_own_tokens() {
    let acme = Acme::start(unlimited()).await;
    let read = acme.local.at_zone(&["DNS Read"]);
    for user in ["super", "provisioner"] {
        assert_eq!(acme.mint(user, "/accounts/{A}/tokens", &read).await, (200, 0));
    }
    let seen = async |user: &str| {
        let reply = acme.by(user, "GET", "/accounts/{A}/tokens").send().await;
        let made_by = |token: &Value| token["creator_email_at_creation"].as_str().unwrap().to_owned();
        let mut emails: Vec<_> = reply.result().as_array().unwrap().iter().map(made_by).collect();
        emails.sort();
        emails
    };
    assert_eq!(seen("provisioner").await, ["provisioner@example.com"]);
    assert_eq!(seen("admin").await, ["provisioner@example.com", "super@example.com"]);
    let all = acme.by("super", "GET", "/accounts/{A}/tokens").send().await;
    let others =
        all.result().as_array().unwrap().iter().find(|token| token["creator_email_at_creation"] == "super@example.com");
    let path = format!("/accounts/{{A}}/tokens/{}", others.unwrap()["id"].as_str().unwrap());
    acme.by("provisioner", "DELETE", &path).send().await.refused(404, 1003);
}

#[tokio::test]
async fn a_read_only_member_changes_nothing_with_its_key_nor_with_its_tokens() {
    let acme = Acme::start(Options { explain: true, ceiling: Ceiling::Off, ..unlimited() }).await;
    acme.by("reader", "GET", "/zones/{Z}/dns_records").send().await.result();
    let record = json!({"type": "A", "name": "www.example.com", "content": "192.0.2.1"});
    let post = acme.by("reader", "POST", "/zones/{Z}/dns_records").json(&record).send().await;
    post.refused(403, 10000);
    assert!(post.headers["x-flarekeep-why"].to_str().unwrap().contains("\"cause\":\"role\""));
    // Without a ceiling the token is made; it acts as its user all the same.
    let body = json!({"name": "t", "policies": [acme.local.at_zone(&["DNS Write"])]});
    let token = acme.by("reader", "POST", "/user/tokens").json(&body).send().await.minted();
    acme.local.by(&token, "GET", "/zones/{Z}/dns_records").send().await.result();
    let post = acme.local.by(&token, "POST", "/zones/{Z}/dns_records").json(&record).send().await;
    post.refused(403, 10000);
    let why: Value = serde_json::from_str(post.headers["x-flarekeep-why"].to_str().unwrap()).unwrap();
    assert!(why["cause"] == "role" && why["missing"].is_null(), "{why}");
    let shown = acme.by("reader", "GET", "/memberships").send().await;
    assert_eq!(shown.result()[0]["roles"], json!(["Administrator Read Only"]));
}

#[test]
fn a_bad_member_is_named() {
    let error = |member: &str| {
        let world = format!("[[account]]\nname = 'A'\n[[user]]\nemail = 'a@b.c'\n[[member]]\n{member}");
        World::from_toml(&world).unwrap_err().to_string()
    };
    assert!(error("user = 'x@b.c'\nrole = 'read-only'").contains("line 6, field `member.user`: no user `x@b.c`"));
    assert!(
        error("user = 'a@b.c'\nrole = 'king'").contains("line 7, field `member.role`: must be super-administrator")
    );
}

#[tokio::test]
async fn members_and_users_are_shown_with_their_roles() {
    let acme = Acme::start(unlimited()).await;
    let members = acme.by("super", "GET", "/accounts/{A}/members").send().await;
    let roles = |member: &Value| {
        let names = member["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap());
        (member["email"].as_str().unwrap().split('@').next().unwrap().to_owned(), names.collect::<Vec<_>>().join(", "))
    };
    let mut shown: Vec<_> = members.result().as_array().unwrap().iter().map(roles).collect();
    shown.sort();
    let expected = [
        ("admin", "Administrator"),
        ("provisioner", "API Token Provisioning, Administrator Read Only"),
        ("reader", "Administrator Read Only"),
        ("super", "Super Administrator - All Privileges"),
    ];
    assert_eq!(shown, expected.map(|(user, roles)| (user.to_owned(), roles.to_owned())));
    let roles = acme.by("super", "GET", "/accounts/{A}/roles").send().await;
    let roles = roles.result().as_array().unwrap();
    assert_eq!(roles.len(), 4);
    for role in roles {
        let one = acme.by("super", "GET", &format!("/accounts/{{A}}/roles/{}", role["id"].as_str().unwrap()));
        assert_eq!(one.send().await.result(), role);
    }
    let read_only = roles.iter().find(|role| role["name"] == "Administrator Read Only").unwrap();
    assert_eq!(read_only["permissions"]["dns_records"], json!({"read": true, "write": false}));
    let user = acme.by("reader", "GET", "/user").send().await;
    assert_eq!(user.result()["organizations"][0]["roles"], json!(["Administrator Read Only"]));
}

#[tokio::test]
async fn lists_hold_what_the_roles_reach() {
    // Alone, the role reaches tokens and the account, and no zone.
    let world = WORLD.strip_suffix("[[member]]\nuser = 'provisioner@example.com'\nrole = 'read-only'\n").unwrap();
    let world = World::from_toml(world).unwrap();
    let keys = world.users.iter().map(|user| (user.email.clone(), user.global_key.clone())).collect();
    let options = Options { ceiling: Ceiling::Off, ..unlimited() };
    let acme = Acme { local: Local::serve(Emulator::new(world, options)).await, keys };
    let count =
        async |user: &str, path: &str| acme.by(user, "GET", path).send().await.result().as_array().unwrap().len();
    assert_eq!([count("reader", "/zones").await, count("provisioner", "/zones").await], [1, 0]);
    assert_eq!([count("reader", "/accounts").await, count("provisioner", "/accounts").await], [1, 1]);
    acme.by("provisioner", "GET", "/zones/{Z}").send().await.refused(403, 9109);
    let body = json!({"name": "t", "policies": [acme.local.at_zone(&["Zone Read"])]});
    let token = acme.by("provisioner", "POST", "/user/tokens").json(&body).send().await.minted();
    assert_eq!(acme.local.by(&token, "GET", "/zones").send().await.result(), &json!([]));
}
