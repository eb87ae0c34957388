# First step: the stack, its tokens, and the private connection to the database.
# Two roots, not one, because a provider that is configured by a resource cannot be planned before
# that resource is there, nor destroyed after it is gone.
#
#   export GRAFANA_CLOUD_ACCESS_POLICY_TOKEN=...   # scopes: stacks, stack-service-accounts, accesspolicies
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

module "stack" {
  source = "../../../modules/grafana-cloud"

  slug   = var.slug
  region = var.region
}
