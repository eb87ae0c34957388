variable "region" {
  description = "Where it runs."
  type        = string
  default     = "westeurope"
  nullable    = false
}

variable "image" {
  description = "The project's image, by digest."
  type        = string
  nullable    = false
}

variable "iracing_account" {
  description = "Access to iRacing's Data API; see the module."
  type = object({
    client_id         = string
    username          = optional(string)
    client_secret_id  = string
    account_secret_id = optional(string)
  })
  nullable = false
}

variable "operator_addresses" {
  description = "Public addresses from which you run Terraform and upload .ibt files."
  type        = list(string)
  nullable    = false
}

variable "webserver_allowed" {
  description = "Who may reach Dagster's webserver; see the module."
  type        = list(string)
  nullable    = false
}
