# EasyAuth's app registration, with the azuread provider: redirect URIs, an app role, an API with a scope, groups,
# optional claims, permissions, and a credential. Leave out what you do not need; docs/entra-setup.md says what each
# part is for.

terraform {
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.0"
    }
  }
}

variable "hosts" {
  description = "EASYAUTH_HOSTS, without patterns; with EASYAUTH_CALLBACK_HOST that one alone."
  type        = list(string)
  default     = ["app.example.com"]
}

variable "cluster_issuer" {
  description = "The OIDC issuer of an AKS cluster, for workload identity; null for a client secret."
  type        = string
  default     = null
}

variable "admins" {
  description = "Object IDs of users, groups or service principals that get the role Admin."
  type        = set(string)
  default     = []
}

data "azuread_client_config" "current" {}

data "azuread_service_principal" "graph" {
  client_id = "00000003-0000-0000-c000-000000000000" # Microsoft Graph
}

resource "random_uuid" "admin" {}
resource "random_uuid" "orders_read" {}

resource "azuread_application" "easyauth" {
  display_name     = var.hosts[0]
  sign_in_audience = "AzureADMyOrg"
  owners           = [data.azuread_client_config.current.object_id]

  web {
    redirect_uris = flatten([for host in var.hosts : [
      "https://${host}/easyauth/signin-oidc",
      "https://${host}/easyauth/signout-callback-oidc",
    ]])
    # With a store of sessions only:
    # logout_url = "https://${var.hosts[0]}/easyauth/frontchannel-logout"
  }

  # App roles: role=Admin. "Application" only for those that scripts may have too.
  app_role {
    id                   = random_uuid.admin.result
    value                = "Admin"
    display_name         = "Admin"
    description          = "May administer the application."
    allowed_member_types = ["User", "Application"]
  }

  # Your own API: scope=Orders.Read, and access tokens of version 2.
  api {
    requested_access_token_version = 2
    oauth2_permission_scope {
      id                         = random_uuid.orders_read.result
      value                      = "Orders.Read"
      type                       = "User"
      admin_consent_display_name = "Read orders"
      admin_consent_description  = "Read orders as the signed-in user."
      user_consent_display_name  = "Read your orders"
      user_consent_description   = "Read the orders that you can see."
    }
  }

  group_membership_claims = ["ApplicationGroup"]

  optional_claims {
    id_token {
      name = "auth_time"
    }
    id_token {
      name = "acrs"
    }
    id_token {
      name = "sid"
    }
    id_token {
      name = "login_hint"
    }
    access_token {
      name = "auth_time"
    }
    access_token {
      name = "acrs"
    }
    access_token {
      name = "idtyp"
    }
    access_token {
      name = "email"
    }
    access_token {
      name = "preferred_username"
    }
  }

  required_resource_access {
    resource_app_id = data.azuread_service_principal.graph.client_id
    resource_access {
      id   = data.azuread_service_principal.graph.oauth2_permission_scope_ids["User.Read"]
      type = "Scope"
    }
  }

  lifecycle {
    ignore_changes = [identifier_uris] # the next resource sets it: it holds the client ID
  }
}

resource "azuread_application_identifier_uri" "easyauth" {
  application_id = azuread_application.easyauth.id
  identifier_uri = "api://${azuread_application.easyauth.client_id}"
}

resource "azuread_service_principal" "easyauth" {
  client_id                    = azuread_application.easyauth.client_id
  app_role_assignment_required = true # only who is assigned may sign in
  owners                       = [data.azuread_client_config.current.object_id]
}

# Admin consent, so that no user is asked.
resource "azuread_service_principal_delegated_permission_grant" "graph" {
  service_principal_object_id          = azuread_service_principal.easyauth.object_id
  resource_service_principal_object_id = data.azuread_service_principal.graph.object_id
  claim_values                         = ["openid", "profile", "email", "offline_access", "User.Read"]
}

resource "azuread_app_role_assignment" "admins" {
  for_each            = var.admins
  app_role_id         = azuread_service_principal.easyauth.app_role_ids["Admin"]
  principal_object_id = each.value
  resource_object_id  = azuread_service_principal.easyauth.object_id
}

# The credential: a client secret, which the state file then holds, or workload identity.
resource "azuread_application_password" "easyauth" {
  count          = var.cluster_issuer == null ? 1 : 0
  application_id = azuread_application.easyauth.id
  display_name   = "easyauth"
}

resource "azuread_application_federated_identity_credential" "easyauth" {
  count          = var.cluster_issuer == null ? 0 : 1
  application_id = azuread_application.easyauth.id
  display_name   = "easyauth"
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = var.cluster_issuer
  subject        = "system:serviceaccount:easyauth:easyauth" # namespace, then service account
}

output "tenant_id" {
  value = data.azuread_client_config.current.tenant_id
}

output "client_id" {
  value = azuread_application.easyauth.client_id
}

output "client_secret" {
  value     = one(azuread_application_password.easyauth[*].value)
  sensitive = true
}
