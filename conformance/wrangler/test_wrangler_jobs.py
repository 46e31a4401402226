"""wrangler's jobs, each with the plan that its recording gives: enough, and nothing too much."""

import json
import re

import proof

WORKER = "export default {{ fetch() {{ return new Response('{}') }} }}\n"


def test_r2(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        wrangler.write("given.txt", "some bytes")
        wrangler("r2", "bucket", "create", "wrangler-job")
        wrangler("r2", "object", "put", "wrangler-job/a/b.txt", "--file", "given.txt", "--remote")
        wrangler("r2", "object", "get", "wrangler-job/a/b.txt", "--file", "got.txt", "--remote")
        assert (wrangler.folder / "got.txt").read_text() == "some bytes"
        wrangler("r2", "object", "delete", "wrangler-job/a/b.txt", "--remote")
        assert "wrangler-job" in wrangler("r2", "bucket", "list")
        wrangler("r2", "bucket", "delete", "wrangler-job")

    plan = proof.prove(job, tmp_path)
    assert proof.granted(plan) == ["Workers R2 Storage Write@account"]
    assert len(plan["needs"]) == 6


def test_kv(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        made = wrangler("kv", "namespace", "create", "tenants")
        namespace = re.search(r"[0-9a-f]{32}", made)[0]
        wrangler("kv", "key", "put", "--namespace-id", namespace, "shop.example.com", "release-1", "--remote")
        assert "release-1" in wrangler("kv", "key", "get", "--namespace-id", namespace, "shop.example.com", "--remote")

    plan = proof.prove(job, tmp_path)
    assert proof.granted(plan) == ["Workers KV Storage Write@account"]


def test_deploy_a_worker_with_a_route_and_bindings(project, tmp_path):
    def prepare(local):
        account = f"/accounts/{proof.ACCOUNT}"
        local.admin("POST", f"{account}/r2/buckets", {"name": "site"})
        return local.admin("POST", f"{account}/storage/kv/namespaces", {"title": "tenants"})["id"]

    def job(local, value, namespace):
        wrangler = project(local, value)
        wrangler.configure(
            routes=[{"pattern": "example.com/shop/*", "zone_name": "example.com"}],
            r2_buckets=[{"binding": "SITE", "bucket_name": "site"}],
            kv_namespaces=[{"binding": "TENANTS", "id": namespace}],
        )
        for release in ("first", "second"):
            wrangler.write("worker.js", WORKER.format(release))
            assert "example.com/shop/*" in wrangler("deploy")
        wrangler("secret", "put", "KEY", given="a-value")
        assert "KEY" in wrangler("secret", "list")

    def check(local):
        [route] = local.admin("GET", f"/zones/{proof.ZONE}/workers/routes")
        assert (route["pattern"], route["script"]) == ("example.com/shop/*", "shop")
        # The first upload, a version of its own for the second, and one with the secret.
        versions = local.admin("GET", f"/accounts/{proof.ACCOUNT}/workers/scripts/shop/versions")["items"]
        assert [version["number"] for version in versions] == [3, 2, 1]
        assert {version["metadata"]["source"] for version in versions} == {"wrangler"}

    plan = proof.prove(job, tmp_path, prepare, check)
    assert proof.granted(plan) == [
        "Workers R2 Storage Read@account",
        "Workers Routes Write@zone",
        "Workers Scripts Write@account",
        "Zone Read@zone",
    ]
    # What no schema has is inferred, or unproven, and never passed over.
    operations = [need["operation"] for need in plan["needs"]]
    services = "GET /accounts/{account_id}/workers/services/{service_name}"
    routes = "PUT /accounts/{account_id}/workers/scripts/{script_name}/routes"
    assert services in operations and [operations[at] for at in plan["unproven"]] == [routes]


def test_deploy_under_the_plan_of_the_configuration(project, tmp_path):
    """The plan of `flarekeep plan --wrangler`, made before anything was deployed."""

    def prepare(local):
        local.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": "site"})

    def work(local, _):
        wrangler = project(local, None)
        wrangler.configure(
            routes=[{"pattern": "example.com/shop/*", "zone_name": "example.com"}],
            r2_buckets=[{"binding": "SITE", "bucket_name": "site"}],
            kv_namespaces=[{"binding": "TENANTS"}],
        )
        return ["--wrangler", wrangler.folder / "wrangler.json"]

    def job(local, value, _):
        wrangler = project(local, value)
        for release in ("first", "second"):
            wrangler.write("worker.js", WORKER.format(release))
            assert "example.com/shop/*" in wrangler("deploy")

    def check(local):
        [route] = local.admin("GET", f"/zones/{proof.ZONE}/workers/routes")
        assert (route["pattern"], route["script"]) == ("example.com/shop/*", "shop")
        [namespace] = local.admin("GET", f"/accounts/{proof.ACCOUNT}/storage/kv/namespaces")
        assert namespace["title"] == "shop-tenants"
        versions = local.admin("GET", f"/accounts/{proof.ACCOUNT}/workers/scripts/shop/versions")["items"]
        assert [version["number"] for version in versions] == [2, 1]

    # wrangler looks for the bucket and goes on, and asks for all routes at once and falls back to those of the zone.
    goes_without = [
        f"GET /accounts/{proof.ACCOUNT}/r2/buckets/site",
        f"PUT /accounts/{proof.ACCOUNT}/workers/scripts/shop/routes",
    ]
    plan = proof.prove_beforehand(work, job, tmp_path, goes_without, prepare, check)
    assert proof.granted(plan) == [
        "Workers KV Storage Write@account",
        "Workers Routes Write@zone",
        "Workers Scripts Write@account",
        "Zone Read@zone",
    ]
    # The plan says itself that it leaves the look at the bucket out.
    [unread] = plan["unread"]
    assert unread["what"].startswith("`r2_buckets`: buckets are taken to be there")


def test_whoami(project, tmp_path):
    def job(local, value, _):
        assert proof.EMAIL in project(local, value)("whoami")

    plan = proof.prove(job, tmp_path)
    assert proof.granted(plan) == ["Memberships Read@user", "User Details Read@user"]


def test_whoami_shows_the_account_under_the_documented_permissions(project, tmp_path):
    """Any token may list accounts, and sees those whose settings it may read: without that nothing is refused, and no
    account shown. So it is here; what Cloudflare shows a token of no account is not documented."""
    with proof.Local(tmp_path / "documented") as local:
        for listed, more in ((True, ["--as-documented"]), (False, [])):
            plan = proof.planned(tmp_path, local, "--recipe", "wrangler-whoami", *more)
            said = project(local, local.token(plan["policies"])[1])("whoami")
            assert (proof.EMAIL in said, proof.ACCOUNT in said) == (True, listed)


def test_kv_in_bulk(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        made = wrangler("kv", "namespace", "create", "bulk")
        namespace = ["--namespace-id", re.search(r"[0-9a-f]{32}", made)[0], "--remote"]
        wrangler.write("pairs.json", json.dumps([{"key": f"k{n}", "value": f"v{n}"} for n in range(3)]))
        wrangler("kv", "bulk", "put", "pairs.json", *namespace)
        assert [key["name"] for key in json.loads(wrangler("kv", "key", "list", *namespace))] == ["k0", "k1", "k2"]

    plan = proof.prove(job, tmp_path)
    assert proof.granted(plan) == ["Workers KV Storage Write@account"]


def test_d1(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        made = wrangler("d1", "create", "shop")
        database = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made)[0]
        binding = {"binding": "DB", "database_name": "shop", "database_id": database}
        wrangler.configure(d1_databases=[binding])
        (wrangler.folder / "migrations").mkdir()
        wrangler.write("migrations/0001_first.sql", "CREATE TABLE goods (name TEXT);")
        wrangler("d1", "migrations", "apply", "shop", "--remote")
        wrangler("d1", "execute", "shop", "--remote", "--yes", "--command", "INSERT INTO goods VALUES ('cup')")
        wrangler.write("more.sql", "INSERT INTO goods VALUES ('jug'); INSERT INTO goods VALUES ('pot');")
        wrangler("d1", "execute", "shop", "--remote", "--yes", "--file", "more.sql")
        read = wrangler("d1", "execute", "shop", "--remote", "--json", "--command", "SELECT name FROM goods")
        assert [row["name"] for row in json.loads(read)[0]["results"]] == ["cup", "jug", "pot"]
        assert "shop" in wrangler("d1", "list")
        wrangler("d1", "delete", "shop", "--skip-confirmation")

    plan = proof.prove(job, tmp_path)
    assert proof.granted(plan) == ["D1 Write@account"]


def test_queues(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        wrangler("queues", "create", "jobs")
        wrangler("queues", "consumer", "http", "add", "jobs")
        assert "jobs" in wrangler("queues", "list")
        wrangler("queues", "pause-delivery", "jobs")
        wrangler("queues", "purge", "jobs", "--force")
        wrangler("queues", "consumer", "http", "remove", "jobs")
        wrangler("queues", "delete", "jobs")

    plan = proof.prove(job, tmp_path)
    assert len(proof.granted(plan)) == 1


def test_versions_secrets_and_rollback(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        wrangler.configure()
        wrangler.write("worker.js", WORKER.format("first"))
        wrangler("deploy")
        wrangler.write("worker.js", WORKER.format("second"))
        wrangler("versions", "upload")
        versions = json.loads(wrangler("versions", "list", "--json"))
        newest = max(versions, key=lambda version: version["number"])["id"]
        wrangler("versions", "deploy", f"{newest}@100%", "--yes")
        wrangler("rollback", "--yes", "--message", "back")
        wrangler("delete", "--force")

    plan = proof.prove(job, tmp_path)
    assert "Workers Scripts Write@account" in proof.granted(plan)


def test_static_assets(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        wrangler.configure(assets={"directory": "public", "binding": "ASSETS"})
        wrangler.write("worker.js", WORKER.format("first"))
        (wrangler.folder / "public").mkdir()
        wrangler.write("public/index.html", "hello")
        wrangler("deploy")
        wrangler.write("public/more.html", "more")
        assert "already uploaded" in wrangler("deploy")

    def check(local):
        [script] = local.admin("GET", f"/accounts/{proof.ACCOUNT}/workers/scripts")
        assert script["has_assets"]

    plan = proof.prove(job, tmp_path, check=check)
    assert "Workers Scripts Write@account" in proof.granted(plan)


def test_pages(project, tmp_path):
    def job(local, value, _):
        wrangler = project(local, value)
        wrangler("pages", "project", "create", "site", "--production-branch", "main")
        (wrangler.folder / "public").mkdir()
        for text in ("first", "second"):
            wrangler.write("public/index.html", text)
            wrangler("pages", "deploy", "public", "--project-name", "site", "--branch", "main")
        wrangler("pages", "deployment", "list", "--project-name", "site")
        assert "site.pages.dev" in wrangler("pages", "project", "list")

    def check(local):
        listed = local.admin("GET", f"/accounts/{proof.ACCOUNT}/pages/projects/site/deployments")
        assert [deployment["environment"] for deployment in listed] == ["production"] * 2

    plan = proof.prove(job, tmp_path, check=check)
    assert proof.granted(plan) == ["Pages Write@account"]
