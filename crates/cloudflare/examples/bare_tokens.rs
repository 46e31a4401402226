//! The limit for measurements: `bare_tokens URL IN_FLIGHT` reads the pages that an audit reads (accounts, zones, the tokens of
//! the user and of every account), parses their JSON, and does nothing else: no types, no retries, no pace, no audit. The
//! credential is in CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY. It prints how many tokens there are, and the seconds.

use std::sync::Arc;
use std::time::Instant;

use reqwest::Client;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone)]
struct Bare {
    client: Client,
    url: Arc<str>,
    email: Arc<str>,
    key: Arc<str>,
    gate: Arc<Semaphore>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    flarekeep_cloudflare::install_tls_provider();
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_default();
    let in_flight = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(32);
    let bare = Bare {
        client: Client::builder().build()?,
        url: url.into(),
        email: std::env::var("CLOUDFLARE_EMAIL")?.into(),
        key: std::env::var("CLOUDFLARE_API_KEY")?.into(),
        gate: Arc::new(Semaphore::new(in_flight)),
    };
    let start = Instant::now();
    let accounts = async {
        let mut lists = JoinSet::new();
        for account in bare.list("/accounts").await? {
            let (bare, id) = (bare.clone(), account["id"].as_str().unwrap_or_default().to_owned());
            lists.spawn(async move { bare.list(&format!("/accounts/{id}/tokens")).await });
        }
        let mut count = 0;
        while let Some(list) = lists.join_next().await {
            count += list??.len();
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(count)
    };
    let (user, accounts, zones) = tokio::join!(bare.list("/user/tokens"), accounts, bare.list("/zones"));
    zones?;
    println!("{} {:.4}", user?.len() + accounts?, start.elapsed().as_secs_f64());
    Ok(())
}

impl Bare {
    async fn list(&self, path: &str) -> Outcome<Vec<Value>> {
        let (mut all, pages) = self.page(path, 1).await?;
        let mut others = JoinSet::new();
        for page in 2..=pages {
            let (bare, path) = (self.clone(), path.to_owned());
            others.spawn(async move { bare.page(&path, page).await });
        }
        while let Some(page) = others.join_next().await {
            all.extend(page??.0);
        }
        Ok(all)
    }

    async fn page(&self, path: &str, page: u64) -> Outcome<(Vec<Value>, u64)> {
        let _permit = self.gate.acquire().await?;
        let url = format!("{}{path}?page={page}&per_page=50", self.url);
        let request = self.client.get(url).header("x-auth-email", &*self.email).header("x-auth-key", &*self.key);
        let body = request.send().await?.error_for_status()?.bytes().await?;
        let mut answer: Value = serde_json::from_slice(&body)?;
        let pages = answer["result_info"]["total_pages"].as_u64().unwrap_or(1);
        match answer["result"].take() {
            Value::Array(entries) => Ok((entries, pages)),
            _ => Err("the result is no list".into()),
        }
    }
}
