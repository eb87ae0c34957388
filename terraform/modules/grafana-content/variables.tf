variable "postgres" {
  description = "The database as Grafana reaches it. Its password is not given here: Terraform would keep it in the state. Set it once in Grafana (see README.md)."
  type = object({
    host           = string
    port           = optional(number, 5432)
    database       = optional(string, "iracing")
    user           = optional(string, "grafana_reader")
    sslmode        = optional(string, "verify-full")
    pdc_network_id = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+$", var.postgres.host)) && var.postgres.port > 0 && var.postgres.port < 65536
    error_message = "host is a name or an address alone, port a number of its own."
  }
  validation {
    condition     = contains(["require", "verify-ca", "verify-full"], var.postgres.sslmode) || contains(["127.0.0.1", "localhost", "postgres"], var.postgres.host)
    error_message = "Without TLS only on one's own machine: use require, verify-ca or verify-full."
  }
  validation {
    condition     = !contains(["iracing_owner", "iracing_app", "iracing_admin", "postgres"], var.postgres.user)
    error_message = "Dashboards read with a role that can do nothing else: grafana_reader."
  }
}

variable "prometheus" {
  description = "The Prometheus that dashboards and alerts ask. user and prometheus_token for one that asks for them (Grafana Cloud), sigv4_region for Amazon's."
  type = object({
    url            = string
    user           = optional(string)
    sigv4_region   = optional(string)
    pdc_network_id = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^https?://[^@]+$", var.prometheus.url))
    error_message = "url starts with http:// or https:// and holds no credentials."
  }
  validation {
    condition     = var.prometheus.user == null || var.prometheus.sigv4_region == null
    error_message = "One way to log in: user or sigv4_region."
  }
}

variable "prometheus_token" {
  description = "Token for var.prometheus.user, of a policy that only reads metrics: output metrics_read_token of module grafana-cloud. Grafana's data source has no write-only argument, so it is in this state too."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = (var.prometheus_token == null) == (var.prometheus.user == null)
    error_message = "prometheus.user and prometheus_token go together."
  }
}

variable "alert_emails" {
  description = "Who is told of alerts. Without anybody, Grafana's own notification policy decides."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "These are no e-mail addresses."
  }
}

variable "alerts_paused" {
  description = "Whether alerts are there but not evaluated."
  type        = bool
  default     = false
  nullable    = false
}

variable "docs_url" {
  description = "Where the folder docs/ of this project can be read; alerts link to its runbook."
  type        = string
  default     = null

  validation {
    condition     = var.docs_url == null || can(regex("^https://.+/docs/$", var.docs_url))
    error_message = "It starts with https:// and ends in /docs/."
  }
}

variable "dashboards_path" {
  description = "Folder with a folder of dashboards each for Performance, Telemetry and so on; null for this project's own, which Compose provisions too."
  type        = string
  default     = null

  validation {
    condition     = var.dashboards_path == null || length(fileset(coalesce(var.dashboards_path, "."), "*/*.json")) > 0
    error_message = "There is no dashboard (*/*.json) in this folder."
  }
}
