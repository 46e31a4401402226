# The DNS of a shop, its firewall, and the hostname of a tenant.

terraform {
  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.22"
    }
  }
}

provider "cloudflare" {}

variable "origin" {
  description = "The address that www points to."
  type        = string
  default     = "192.0.2.10"
}

locals {
  mail = {
    first  = { server = "mx1.example.net", priority = 10 }
    second = { server = "mx2.example.net", priority = 20 }
  }
}

data "cloudflare_zone" "main" {
  filter = {
    name = "example.com"
  }
}

resource "cloudflare_dns_record" "www" {
  zone_id = data.cloudflare_zone.main.zone_id
  name    = "www.example.com"
  type    = "A"
  content = var.origin
  ttl     = 1
  proxied = true
}

resource "cloudflare_dns_record" "mail" {
  for_each = local.mail

  zone_id  = data.cloudflare_zone.main.zone_id
  name     = "example.com"
  type     = "MX"
  content  = each.value.server
  priority = each.value.priority
  ttl      = 3600
}

resource "cloudflare_dns_record" "spf" {
  zone_id = data.cloudflare_zone.main.zone_id
  name    = "example.com"
  type    = "TXT"
  content = "\"v=spf1 mx -all\""
  ttl     = 3600
}

resource "cloudflare_ruleset" "firewall" {
  zone_id = data.cloudflare_zone.main.zone_id
  name    = "firewall"
  kind    = "zone"
  phase   = "http_request_firewall_custom"

  rules = [
    {
      description = "nobody but the office signs in"
      expression  = "(http.request.uri.path eq \"/admin\" and not ip.src in {203.0.113.0/24})"
      action      = "block"
      enabled     = true
    },
  ]
}

resource "cloudflare_custom_hostname" "tenant" {
  zone_id  = data.cloudflare_zone.main.zone_id
  hostname = "shop.tenant.example"

  ssl = {
    method = "http"
    type   = "dv"
  }
}
