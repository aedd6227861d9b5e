/*
 * endpoints.h - every northbound path, once: the routing table and the
 * summaries at the roots are made from it.
 *
 * method, path, handler in routes.c, description, parameters
 */
#ifndef SERVER_ENDPOINTS_H
#define SERVER_ENDPOINTS_H

#define LIST_PARAMETERS "cursor size query orderby"
#define BULK_PARAMETERS "fields size query orderby"

#define ENDPOINTS(X) \
X("GET", "/ws/v1/esim_profiles", profiles_root, \
  "Get a summary of the esim_profiles APIs", "") \
X("GET", "/ws/v1/esim_profiles/inventory/{iccid}", profiles_item, \
  "Retrieve an eSIM profile by ICCID", "") \
X("GET", "/ws/v1/esim_profiles/bulk", profiles_bulk, \
  "Retrieve the eSIM profiles of the account in CSV format", BULK_PARAMETERS) \
X("GET", "/ws/v1/esim_profiles/inventory", profiles_list, \
  "Retrieve the eSIM profiles of the account", LIST_PARAMETERS) \
X("GET", "/ws/v1/esim_profiles/progress/{tx}", progress, \
  "Monitor the progress of an eSIM profile action", "") \
X("GET", "/ws/v1/esim_profiles/transactions/inventory", transactions_list, \
  "Monitor the progress of eSIM profile actions", LIST_PARAMETERS) \
X("POST", "/ws/v1/esim_profiles/delete", post_delete, \
  "Delete an eSIM profile from a device", "") \
X("POST", "/ws/v1/esim_profiles/disable", post_disable, \
  "Disable an active eSIM profile on a device", "") \
X("POST", "/ws/v1/esim_profiles/download", post_download, \
  "Download an eSIM profile to a device using an activation code", "") \
X("POST", "/ws/v1/esim_profiles/enable", post_enable, \
  "Enable an already downloaded eSIM profile on a device", "") \
X("GET", "/ws/v1/esim_profiles/operations/inventory", operations_list, \
  "Retrieve the status of multistep eSIM profile operations", LIST_PARAMETERS) \
X("GET", "/ws/v1/esim_profiles/operations/inventory/{id}", operations_item, \
  "Retrieve the status of a multistep eSIM profile operation", "") \
X("POST", "/ws/v1/esim_profiles/operations/inventory", post_operation, \
  "Start a multistep eSIM profile operation", "") \
X("GET", "/ws/v1/esim_activation_codes", codes_root, \
  "Get a summary of the esim_activation_codes APIs", "") \
X("GET", "/ws/v1/esim_activation_codes/inventory", codes_list, \
  "Retrieve the registered activation codes of the account", LIST_PARAMETERS) \
X("GET", "/ws/v1/esim_activation_codes/inventory/{iccid}", codes_item, \
  "Retrieve a registered activation code by ICCID", "") \
X("GET", "/ws/v1/esim_activation_codes/bulk", codes_bulk, \
  "Retrieve the registered activation codes in CSV format", BULK_PARAMETERS) \
X("POST", "/ws/v1/esim_activation_codes/inventory", post_code, \
  "Register activation codes", "") \
X("DELETE", "/ws/v1/esim_activation_codes/inventory/{iccid}", delete_code, \
  "Remove a registered activation code", "") \
X("GET", "/ws/v1/esims", esims_root, "Get a summary of the esims APIs", "") \
X("GET", "/ws/v1/esims/inventory", esims_list, \
  "Retrieve the eSIMs of the account", LIST_PARAMETERS) \
X("GET", "/ws/v1/esims/inventory/{eid}", esims_item, \
  "Retrieve an eSIM by EID", "") \
X("GET", "/ws/v1/esims/bulk", esims_bulk, \
  "Retrieve the eSIMs of the account in CSV format", BULK_PARAMETERS) \
X("GET", "/ws/v1/devices", devices_root, "Get a summary of the devices APIs", "") \
X("GET", "/ws/v1/devices/inventory", devices_list, \
  "Retrieve the devices of the account", LIST_PARAMETERS) \
X("GET", "/ws/v1/devices/inventory/{id}", devices_item, \
  "Retrieve a device by its device ID", "") \
X("GET", "/ws/v1/devices/bulk", devices_bulk, \
  "Retrieve the devices of the account in CSV format", BULK_PARAMETERS)

#endif
