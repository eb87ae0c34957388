# Second step: folders, data sources, dashboards and alerts, into the stack of the first. For a Grafana
# of your own, begin here: GRAFANA_URL and a service account's token in GRAFANA_AUTH.
#
#   export GRAFANA_URL=$(terraform -chdir=../01-stack output -raw url)
#   export GRAFANA_AUTH=$(terraform -chdir=../01-stack output -raw content_token)
#   export TF_VAR_prometheus_token=$(terraform -chdir=../01-stack output -raw metrics_read_token)
#   terraform init && terraform apply

terraform {
  required_version = "~> 1.11"

  required_providers {
    grafana = {
      source  = "grafana/grafana"
      version = "~> 4.45"
    }
  }

  # Its state holds tokens: keep it where it is encrypted and locked. Any backend will do, such as
  # backend "s3" { ... use_lockfile = true }; see ../../../README.md.
}

provider "grafana" {}

module "content" {
  source = "../../../modules/grafana-content"

  postgres         = var.postgres
  prometheus       = var.prometheus
  prometheus_token = var.prometheus_token
  alert_emails     = var.alert_emails
}
