"""Whole issuances by DNS-01 for a zone's name and its wildcard."""

import os

import pytest

import proof

NAMES = ["example.com", "*.example.com"]
RECIPE = ["--recipe", "certbot-dns-cloudflare"]


def records(local):
    return local.admin("GET", f"/zones/{proof.ZONE}/dns_records")


def test_an_issuance_yields_its_plan_and_the_plan_the_issuance(certbot, tmp_path):
    def job(local, value, _):
        run = certbot(local, value)
        assert run.status == 0, run.said
        assert run.names() == sorted(NAMES)

    def nothing_is_left(local):
        assert records(local) == []

    plan = proof.prove(job, tmp_path, check=nothing_is_left)
    assert proof.granted(plan) == ["DNS Write@zone", "Zone Read@zone"]


def test_an_issuance_under_record_yields_the_same_plan(certbot, tmp_path):
    if "FLAREKEEP_ISOLATED" not in os.environ:
        pytest.skip("a client of Cloudflare's own address runs in a network namespace alone")
    files, plans = [], []

    def job(local, value, _):
        files.append(tmp_path / f"recorded-{len(files)}.jsonl")
        run = certbot(local, value, recorded=files[-1])
        assert run.status == 0, run.said
        assert run.names() == sorted(NAMES) and value not in run.said

    def planned(local):
        plans.append(proof.planned(tmp_path, local, "--recording", files[-1]))

    plan = proof.prove(job, tmp_path, check=planned)
    assert plans[0]["policies"] == plan["policies"]
    assert len(plans[0]["needs"]) == len(plan["needs"])
    assert proof.granted(plans[0]) == ["DNS Write@zone", "Zone Read@zone"]


def test_the_recipe_is_enough(certbot, local, tmp_path):
    _, value = local.token(proof.planned(tmp_path, local, *RECIPE)["policies"])
    run = certbot(local, value)
    assert run.status == 0, run.said
    assert run.names() == sorted(NAMES)


def test_without_dns_write_certbot_says_that_it_is_refused(certbot, local, tmp_path):
    plan = proof.planned(tmp_path, local, *RECIPE)
    [dns_write] = [grant for grant in plan["grants"] if grant["group"] == "DNS Write"]
    _, value = local.token(proof.without(plan, dns_write))
    run = certbot(local, value)
    assert run.status != 0 and run.certificate is None
    assert "Authentication error" in run.said, run.said
    assert records(local) == []


def test_without_zone_read_certbot_finds_no_zone(certbot, local, tmp_path):
    plan = proof.planned(tmp_path, local, *RECIPE)
    [zone_read] = [grant for grant in plan["grants"] if grant["group"] == "Zone Read"]
    _, value = local.token(proof.without(plan, zone_read))
    run = certbot(local, value)
    assert run.status != 0 and run.certificate is None, run.said


def test_a_token_of_one_zone_lists_that_zone_alone(local, tmp_path):
    """The recipe's token is of one zone: the list that certbot searches holds no other."""
    _, value = local.token(proof.planned(tmp_path, local, *RECIPE)["policies"])
    headers = {"Authorization": f"Bearer {value}"}
    status, answer = proof.send(local.api, "GET", "/zones", headers, None)
    assert status == 200 and [zone["id"] for zone in answer["result"]] == [proof.ZONE], answer
