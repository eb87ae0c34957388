# The variables of this file are the same in modules aws, gcp and azure.

variable "name" {
  description = "What everything is called; with the environment it starts the name of every resource."
  type        = string
  default     = "iracing"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,11}$", var.name))
    error_message = "Use 3 to 12 small letters and digits, beginning with a letter."
  }
}

variable "environment" {
  description = "Which of several deployments this is, such as prod."
  type        = string
  default     = "prod"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "Use 2 to 8 small letters and digits, beginning with a letter."
  }
}

variable "region" {
  description = "Where it runs, as the cloud calls the place."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.region))
    error_message = "Use the cloud's own short name of the region, in small letters."
  }
}

variable "image" {
  description = "The project's container image, by digest: registry/repository@sha256:..."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest (…@sha256:…): a tag can be moved to something else."
  }
}

variable "prometheus_image" {
  description = "Prometheus, which scrapes the metrics endpoint in the same task and passes on what it finds."
  type        = string
  default     = "docker.io/prom/prometheus:v3.5.3"
  nullable    = false

  validation {
    condition     = can(regex(":v?[0-9][^:]*$|@sha256:[0-9a-f]{64}$", var.prometheus_image))
    error_message = "Name a version or a digest, not latest."
  }
}

variable "network_cidr" {
  description = "Addresses of the private network."
  type        = string
  default     = "10.42.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.network_cidr, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.).*/(1[6-9]|20)$", var.network_cidr))
    error_message = "Use a private range of 16 to 20 bits, such as 10.42.0.0/16."
  }
}

variable "nat" {
  description = "Whether containers reach the internet through a NAT gateway with a fixed address. Without one it costs less; nothing can reach them either way."
  type        = bool
  default     = false
  nullable    = false
}

variable "dagster_enabled" {
  description = "Whether Dagster runs all the time: code server, one daemon, and the webserver in the private network."
  type        = bool
  default     = true
  nullable    = false
}

variable "dagster_size" {
  description = "Size of the place where runs happen: small (one driver: 1 CPU, 2 GB on AWS, about that elsewhere), medium (a team, twice that) or large (a league, four times)."
  type        = string
  default     = "small"
  nullable    = false

  validation {
    condition     = contains(["small", "medium", "large"], var.dagster_size)
    error_message = "Choose small, medium or large."
  }
}

variable "collector_schedule" {
  description = "When `iracing-pipeline collect` runs, as five fields of cron in UTC; null for never. Dagster, when it is enabled, looks for results by itself."
  type        = string
  default     = null

  validation {
    condition     = var.collector_schedule == null || can(regex("^[0-9*/,-]+ [0-9*/,-]+ ([0-9*/,-]+ [0-9*/,-]+ \\*|\\* \\* (MON|TUE|WED|THU|FRI|SAT|SUN)([,-](MON|TUE|WED|THU|FRI|SAT|SUN))*)$", var.collector_schedule))
    error_message = "Write minute, hour, day, month and weekday, such as \"23 * * * *\"; a weekday by its English name (MON-FRI), and then no day or month."
  }
  validation {
    condition     = var.dagster_enabled || var.collector_schedule != null
    error_message = "With dagster_enabled = false nothing would ever run: set collector_schedule."
  }
}

variable "db_size" {
  description = "Size of the database server: small (one driver), medium (a team), large (a league)."
  type        = string
  default     = "small"
  nullable    = false

  validation {
    condition     = contains(["small", "medium", "large"], var.db_size)
    error_message = "Choose small, medium or large."
  }
}

variable "db_storage_gb" {
  description = "Disk of the database at the beginning; it grows by itself."
  type        = number
  default     = 32
  nullable    = false

  validation {
    condition     = contains([32, 64, 128, 256, 512, 1024], var.db_storage_gb)
    error_message = "Choose 32, 64, 128, 256, 512 or 1024 GB: the sizes that all three clouds have."
  }
}

variable "db_backup_days" {
  description = "How many days of backups there are, to restore the database to any moment in them (on Google Cloud, to any moment of the last 7)."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.db_backup_days >= 7 && var.db_backup_days <= 35 && floor(var.db_backup_days) == var.db_backup_days
    error_message = "Keep whole days, from 7 to 35."
  }
}

variable "db_high_availability" {
  description = "Whether a second server in another zone stands by; it doubles the price of the database."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.db_high_availability || var.db_size != "small"
    error_message = "A small database cannot have a standby in every cloud: choose medium or large."
  }
}

variable "db_credential_version" {
  description = "Count up to give every role of the database a new, generated password. They are written to the database and to the secret store, and stand in no state or plan."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.db_credential_version >= 1 && floor(var.db_credential_version) == var.db_credential_version
    error_message = "Use a whole number from 1."
  }
}

variable "deletion_protection" {
  description = "Whether the database and the lake refuse to be destroyed. Turn it off, apply, and only then destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "telemetry_keep_days" {
  description = "How long an uploaded .ibt file stays in the bucket. What was loaded from it stays for good."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.telemetry_keep_days >= 7 && floor(var.telemetry_keep_days) == var.telemetry_keep_days
    error_message = "Keep uploads for at least 7 whole days, so that a failed load can be repeated."
  }
}

variable "log_keep_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 180, 365], var.log_keep_days)
    error_message = "Choose 30, 60, 90, 180 or 365 days: what all three clouds can do."
  }
}

variable "iracing_account" {
  description = "Access to iRacing's Data API; null for files alone. The ids name entries of the cloud's secret store that you made beforehand; their contents never pass through Terraform."
  type = object({
    client_id         = string
    username          = optional(string)
    client_secret_id  = string
    account_secret_id = optional(string)
    calls_per_minute  = optional(number, 120)
  })
  default = null

  validation {
    condition     = var.iracing_account == null || (try(var.iracing_account.username, null) == null) == (try(var.iracing_account.account_secret_id, null) == null)
    error_message = "A username needs the id of the secret that holds its password (account_secret_id), and the other way round."
  }
  validation {
    condition     = try(var.iracing_account.calls_per_minute, 120) >= 10 && try(var.iracing_account.calls_per_minute, 120) <= 240
    error_message = "iRacing allows up to 240 calls a minute; use 10 to 240."
  }
}

variable "managed_prometheus" {
  description = "Whether metrics go to the cloud's own managed Prometheus."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.managed_prometheus || var.dagster_enabled
    error_message = "Metrics are served beside Dagster: with dagster_enabled = false there are none."
  }
  validation {
    condition     = !var.managed_prometheus || var.grafana_cloud == null
    error_message = "Metrics go to one place: managed_prometheus or grafana_cloud."
  }
}

variable "grafana_cloud" {
  description = "Where Grafana Cloud takes metrics: outputs of module grafana-cloud, with the token put into the cloud's secret store under token_secret_id. Null for none."
  type = object({
    remote_write_url = string
    user             = string
    token_secret_id  = string
  })
  default = null

  validation {
    condition     = var.grafana_cloud == null || can(regex("^https://[^@]+/(push|write)$", var.grafana_cloud.remote_write_url))
    error_message = "remote_write_url starts with https://, holds no credentials and ends in /push or /write."
  }
}

variable "tags" {
  description = "Further tags (labels) for everything that can have them: small letters, digits, - and _, as the strictest cloud asks."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Keys and values are small letters, digits, - and _; a key begins with a letter."
  }
}

# Those below are this cloud's own, or say it in this cloud's words.

variable "uploads_image" {
  description = "rclone, which brings uploaded .ibt files from the bucket to where Dagster looks for them."
  type        = string
  default     = "docker.io/rclone/rclone:1.70.3"
  nullable    = false

  validation {
    condition     = can(regex(":v?[0-9][^:]*$|@sha256:[0-9a-f]{64}$", var.uploads_image))
    error_message = "Name a version or a digest, not latest."
  }
}

variable "webserver_allowed" {
  description = "Who may reach Dagster's webserver, which has no login of its own: address ranges of private networks, such as your VPN's. Nobody by default."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.webserver_allowed : can(cidrhost(cidr, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", cidr))])
    error_message = "Only private address ranges: Dagster's webserver asks nobody for a password."
  }
}

variable "database_ca_pem" {
  description = "The authorities that sign RDS servers, as PEM: the file of your region from https://truststore.pki.rds.amazonaws.com. Containers check the database against it."
  type        = string
  nullable    = false

  validation {
    condition     = strcontains(var.database_ca_pem, "BEGIN CERTIFICATE") && length(var.database_ca_pem) < 30000
    error_message = "Give certificates as PEM, those of one region: all of them together do not fit into a task definition."
  }
}
