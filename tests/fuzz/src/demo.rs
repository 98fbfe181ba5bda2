//! The demo's supergraph, and data of its types for subgraphs that answer rightly.

use weir_tests::dataset::Dataset;

/// `envoy/supergraph.graphql`.
pub(crate) const SUPERGRAPH: &str = include_str!("../../../envoy/supergraph.graphql");

/// A few objects of every kind, with every scalar and both members of every abstract type.
pub(crate) fn dataset() -> Dataset {
    let product = |upc: &str, brand: &str, dimensions: serde_json::Value| {
        serde_json::json!({
            "upc": upc, "sku": "@Sku:1", "name": "Chair", "title": "Chair", "description": "Sit \"down\".\n\u{e9}\u{1f600}",
            "category": "HOME", "price": 10.5, "weight": 1200, "dimensions": dimensions,
            "unitsSold": 9_007_199_254_740_993_u64, "brand": brand, "media": ["@Image:1", "@Video:1"],
            "related": ["@Product:p2", null], "stock": 3, "availability": "LOW", "discontinued": false,
            "shippingEstimate": 4, "parcel": "@Parcel:1", "warehouses": ["@Warehouse:1"],
            "reviews": ["@Review:r1", "@Review:r2"], "reviewCount": 2, "averageRating": 3.5,
        })
    };
    let user = |id: &str, address: serde_json::Value| {
        serde_json::json!({
            "id": id, "email": format!("{id}@example.com"), "username": id, "name": "Ann", "joinedAt": "2024-01-01T00:00:00Z",
            "tier": "GOLD", "birthYear": 1980, "loyaltyPoints": 18_446_744_073_709_551_615_u64, "address": address,
            "nearestWarehouse": "@Warehouse:1", "badge": "old gold", "reviews": ["@Review:r1"], "reviewCount": 1,
        })
    };
    let review = |id: &str, author: serde_json::Value| {
        serde_json::json!({
            "id": id, "body": "good", "rating": 4, "createdAt": "2024-01-01T00:00:00Z", "helpfulVotes": 1,
            "author": author, "product": "@Product:p1", "moderation": "APPROVED",
        })
    };
    Dataset::new(serde_json::json!({
        "Query": {
            "me": "@User:u1", "user": "@User:u2", "users": ["@User:u1", "@User:u2"], "warehouses": ["@Warehouse:1"],
            "restocks": ["@Restock:1"], "topProducts": ["@Product:p1", "@Product:p2"], "product": "@Product:p1",
            "search": ["@Brand:b1", "@Product:p2"], "post": "@Question:q1",
            "recentActivity": ["@Review:r1", "@Question:q1", "@Review:r2"],
        },
        "Mutation": {"updateProfile": "@User:u1", "addReview": "@Review:r2", "voteHelpful": "@Review:r1"},
        "User:u1": user("u1", "@Address:1".into()),
        "User:u2": user("u2", serde_json::Value::Null),
        "Address:1": {"street": "S", "city": "C", "postcode": "1", "country": "DE"},
        "Warehouse:1": {"country": "DE", "code": "BER", "name": "W", "city": "Berlin", "capacity": 7, "manager": "@User:u2"},
        "Restock:1": {"product": "@Product:p2", "quantity": 2, "expectedAt": "2027-01-01T00:00:00Z"},
        "Product:p1": product("p1", "@Brand:b1", "@Dimensions:1".into()),
        "Product:p2": product("p2", "@Brand:b1", serde_json::Value::Null),
        "Sku:1": {"vendor": "V", "code": "C"},
        "Dimensions:1": {"width": 1, "height": 2, "depth": 3},
        "Parcel:1": {"size": "S", "litres": 0.5},
        "Image:1": {"url": "https://i", "alt": "a", "width": 1, "height": 2},
        "Video:1": {"url": "https://v", "alt": "b", "seconds": 9},
        "Brand:b1": {"id": "b1", "name": "B", "country": "SE", "founded": 1900, "products": ["@Product:p1"]},
        "Review:r1": review("r1", "@User:u1".into()),
        "Review:r2": review("r2", serde_json::Value::Null),
        "Question:q1": {"id": "q1", "body": "?", "createdAt": "2024-01-01T00:00:00Z", "author": "@User:u2",
            "product": "@Product:p2", "answers": ["yes", "no"], "moderation": "HIDDEN"},
    }))
}
