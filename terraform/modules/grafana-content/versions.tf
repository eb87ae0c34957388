terraform {
  required_version = ">= 1.11"

  required_providers {
    grafana = {
      source  = "grafana/grafana"
      version = ">= 4.0, < 6.0"
    }
  }
}
